import { expect, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe as describeHome, furnish } from "../helpers/fuzz/home.ts";
import { homeOf } from "../helpers/fuzz/inputs.ts";
import { callProgram } from "../helpers/fuzz/program.ts";
import { type Finding, fuzz } from "../helpers/fuzz/run.ts";
import { shrink } from "../helpers/fuzz/shrink.ts";
import { needEverything } from "../helpers/paths.ts";

/** Another seed gives other homelabs; the same one always the same. */
const SEED = Number(process.env.HOMELAB_FUZZ_SEED ?? 1);
const RUNS = Number(process.env.HOMELAB_FUZZ_RUNS ?? 10_000);
const CALLS = Math.ceil(RUNS / 50);
/** Far more than a homelab takes on the busiest machine: only what never ends is silent so long. */
const SILENCE_MS = 60_000;
const AT_ONCE = 2;
const DEADLINE_MS = 20 * 60_000;

/** Fails with everything that is needed to see a finding again. */
async function expectNothing(findings: readonly Finding[]): Promise<void> {
  const told = findings.slice(0, 5).map(({ index, wrong, smallest }) => {
    const directory = mkdtempSync(join(tmpdir(), `homelab-fuzz-${SEED}-${index}-`));
    furnish(directory, homeOf(SEED, index));
    return `case ${index} of seed ${SEED}, kept in ${directory}:\n${wrong.join("\n")}\n${smallest ?? describeHome(homeOf(SEED, index))}`;
  });
  expect(`${findings.length} findings\n${told.join("\n\n")}`).toBe("0 findings\n");
}

test("the same seed gives the same homelabs, and what is wrong is shown small", async () => {
  const texts = [1, 1, 2].map((seed) => describeHome(homeOf(seed, 7)));
  expect([texts[0] === texts[1], texts[0] === texts[2]]).toEqual([true, false]);
  const home = new Map([
    ["a", { content: "one\ntwo three four\nfive\n" }],
    ["b", { content: "" }],
  ]);
  const small = await shrink(home, async (each) => describeHome(each).includes("three"), 10_000);
  expect(describeHome(small)).toBe('a = "three"');
});

test(
  "no files end the reading of a homelab in anything but an answer or an error with its place",
  async () => {
    const half = Math.ceil(RUNS / AT_ONCE);
    const parts = Array.from({ length: AT_ONCE }, (_, part) =>
      fuzz({
        seed: SEED,
        first: part * half,
        last: Math.min(RUNS, (part + 1) * half) - 1,
        silenceMs: SILENCE_MS,
      }),
    );
    await expectNothing((await Promise.all(parts)).flat());
  },
  DEADLINE_MS,
);

test(
  "no files end the program with a stack trace, never, or with a code of no meaning, or are changed by looking",
  async () => {
    needEverything();
    const findings: Finding[] = [];
    let next = 0;
    const work = async () => {
      while (next < CALLS) findings.push(await callProgram(SEED, next++));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    await expectNothing(findings.filter(({ wrong }) => wrong.length > 0));
  },
  DEADLINE_MS,
);
