import { expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import type { HostRecipe } from "../../../../src/book/types.ts";
import { LocalMachine } from "../../../../src/process/machine.ts";
import { audit } from "../../../../src/run/host/audit.ts";
import type { Doing } from "../../../../src/run/host/phase.ts";
import type { HostWork } from "../../../../src/run/host/work.ts";
import { temporary } from "../../temporary.ts";

const SYSTEM = "/nix/store/bwixxvml9av0v77f16jgxli362drx9m8-nixos-system-web";
const RECIPE = { kind: "host", name: "web" } as unknown as HostRecipe;
const state = {
  ...{ system: `${SYSTEM}-1`, profile: `${SYSTEM}-1`, failed: [], holder: undefined },
  ...{ free: undefined, unfinished: false, platform: "Linux x86_64" },
};
/** What the phase reads of a run. */
const doing = (abort: AbortSignal) => ({ context: { progress: () => {}, abort } }) as unknown as Doing;

/** Audits where `find` is a script. */
async function audited(find: string, abort = new AbortController().signal) {
  using files = temporary({ find: `#!/bin/sh\n${find}\n` });
  chmodSync(join(files.path, "find"), 0o755);
  const machine = new LocalMachine({ PATH: `${files.path}:/usr/bin:/bin` });
  const work: HostWork = { recipe: RECIPE, machine, state, system: `${SYSTEM}-2`, findings: [] };
  return { outcome: await audit(work, doing(abort)), work };
}

test("a system that cannot be read is told of, and stops nobody", async () => {
  const text = "not audited: this machine does not say what is in its store: find: it is broken";
  const { outcome, work } = await audited("echo find: it is broken >&2; exit 127");
  expect(outcome).toMatchObject({ reason: { code: "not-audited" }, warnings: [`${text} (not-audited)`] });
  expect(work.findings).toEqual([
    { level: "warning", rule: "not-audited", text, hint: "see whether `find` runs there" },
  ]);
  expect(work.firewall).toBeUndefined();
});

test("systems without services and firewalls have nothing to tell", async () => {
  const { outcome, work } = await audited("exit 1");
  expect([outcome.reason?.code, outcome.warnings, work.findings]).toEqual(["audited", undefined, []]);
});

test("an audit that is broken off breaks the run off", async () => {
  await expect(audited("exec sleep 60", AbortSignal.timeout(100))).rejects.toMatchObject({
    code: "interrupted",
  });
});
