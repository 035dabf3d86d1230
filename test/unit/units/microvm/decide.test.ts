import { expect, test } from "bun:test";
import { HomelabError } from "../../../../src/errors.ts";
import { chooseVm, type VmAsk, type VmFacts, type VmMode } from "../../../../src/units/microvm/decide.ts";
import { between, failed, NOW, unit } from "../systemd/states.ts";
import { declared, dir, facts, off, outdated, plain, refused, stale, unbuilt } from "./facts.ts";

const ask = (mode: VmMode, change: Partial<VmAsk> = {}): VmAsk => ({
  ...{ mode, force: false, restart: false, stable: 3_000, now: NOW },
  ...change,
});

const IN_PLACE = "its system is the configured one";
const OUTDATED = "its configuration stands for another system";
const REFUSED = "it was put back from the configured system, and stays so until its configuration changes";

/** What is known, how it is asked; action, what systemd is asked for, whether something is installed, settled, why. */
type Row = [string, VmFacts, VmAsk, string, string | undefined, boolean, boolean, string];

test.each<Row>([
  ["it runs", plain(), ask("ensure"), "none", undefined, false, true, "up 60 s"],
  ["it is off", plain(off), ask("ensure"), "start", "start", false, false, "not started"],
  [
    "it has failed",
    plain({ state: failed() }),
    ask("ensure"),
    "start",
    "start",
    false,
    false,
    "failed (exit code 7)",
  ],
  [
    "it comes back",
    plain({ state: between() }),
    ask("ensure"),
    "none",
    undefined,
    false,
    false,
    "ended (exit code 7), systemd restarts it",
  ],
  [
    "it is stale",
    plain(stale),
    ask("ensure"),
    "none",
    undefined,
    false,
    true,
    "up 60 s; a newer system is in place and waits for a restart",
  ],
  [
    "it is stale",
    plain(stale),
    ask("ensure", { restart: true }),
    "restart",
    "restart",
    false,
    false,
    "asked for",
  ],
  ["it is outdated", facts(outdated), ask("ensure"), "none", undefined, false, true, "up 60 s"],
  ["it runs", plain(), ask("ensure", { force: true }), "restart", "restart", false, false, "asked for"],
  ["it is off", plain(off), ask("ensure", { restart: true }), "start", "start", false, false, "not started"],
  [
    "declared, stale",
    declared({ current: "one", booted: "zero" }),
    ask("ensure"),
    "none",
    undefined,
    false,
    true,
    "up 60 s; a newer system is in place and waits for a restart",
  ],

  ["it runs", facts(), ask("update"), "none", undefined, false, true, IN_PLACE],
  ["it is off", facts(off), ask("update"), "none", undefined, false, true, IN_PLACE],
  [
    "it is stale",
    facts(stale),
    ask("update"),
    "none",
    undefined,
    false,
    true,
    "its new system is in place; a restart brings it into force",
  ],
  ["it is outdated", facts(outdated), ask("update"), "update", undefined, true, false, OUTDATED],
  [
    "off and outdated",
    facts({ ...off, ...outdated }),
    ask("update"),
    "update",
    undefined,
    true,
    false,
    OUTDATED,
  ],
  ["it was put back", facts(refused), ask("update"), "none", undefined, false, true, REFUSED],
  [
    "it was put back",
    facts(refused),
    ask("update", { force: true }),
    "update",
    undefined,
    true,
    false,
    OUTDATED,
  ],
  [
    "another one was refused",
    facts({ ...refused, configured: "three" }),
    ask("update"),
    "update",
    undefined,
    true,
    false,
    OUTDATED,
  ],
  ["never built", facts(unbuilt), ask("update"), "create", undefined, true, false, "it was never built here"],
  [
    "no directory",
    facts({ state: unit(), dir: undefined }),
    ask("update"),
    "create",
    undefined,
    true,
    false,
    "it was never built here",
  ],
  [
    "declared",
    declared({ current: "one", booted: "one" }),
    ask("update"),
    "none",
    undefined,
    false,
    true,
    "it is updated along with its host",
  ],
  [
    "no flake",
    plain({ dir: dir({ current: "one" }, { hasFlake: false }) }),
    ask("update"),
    "none",
    undefined,
    false,
    true,
    "nothing says what it is built from",
  ],

  ["it runs", facts(), ask("deploy"), "none", undefined, false, true, "up 60 s"],
  ["it is off", facts(off), ask("deploy"), "start", "start", false, false, "not started"],
  [
    "it is stale",
    facts(stale),
    ask("deploy"),
    "restart",
    "restart",
    false,
    false,
    "it still runs the system before",
  ],
  ["it is outdated", facts(outdated), ask("deploy"), "update", "restart", true, false, OUTDATED],
  [
    "off and outdated",
    facts({ ...off, ...outdated }),
    ask("deploy"),
    "update",
    "start",
    true,
    false,
    OUTDATED,
  ],
  [
    "failed and outdated",
    facts({ ...outdated, state: failed() }),
    ask("deploy"),
    "update",
    "start",
    true,
    false,
    OUTDATED,
  ],
  [
    "between lives and outdated",
    facts({ ...outdated, state: between() }),
    ask("deploy"),
    "update",
    "restart",
    true,
    false,
    OUTDATED,
  ],
  ["never built", facts(unbuilt), ask("deploy"), "create", "start", true, false, "it was never built here"],
  ["it was put back", facts(refused), ask("deploy"), "none", undefined, false, true, `up 60 s; ${REFUSED}`],
  [
    "it is up to date",
    facts(),
    ask("deploy", { force: true }),
    "restart",
    "restart",
    false,
    false,
    "asked for",
  ],
  [
    "declared, stale",
    declared({ current: "one", booted: "zero" }),
    ask("deploy"),
    "restart",
    "restart",
    false,
    false,
    "it still runs the system before",
  ],
])("%s: %#", (_, known, asked, action, verb, install, settled, text) => {
  const choice = chooseVm(known, asked);
  expect([choice.action, choice.verb, choice.install ?? false, choice.settled, choice.reason.text]).toEqual([
    ...[action, verb, install, settled, text],
  ]);
  expect(choice.effect).toBe(action === "none" ? "read" : "write");
});

const trouble = new HomelabError("refused", "the flake does not evaluate");

test.each<[VmFacts, VmMode, string, string]>([
  [plain({ dir: undefined, state: unit() }), "ensure", "refused", "there is no MicroVM `vm1` on p620"],
  [plain(unbuilt), "ensure", "refused", "the MicroVM `vm1` was never built on p620"],
  // That it could be built is for `update` and `deploy`.
  [facts(unbuilt), "ensure", "refused", "the MicroVM `vm1` was never built on p620"],
  [plain(unbuilt), "update", "refused", "the MicroVM `vm1` was never built on p620"],
  [
    plain({ state: unit({ load: "not-found" }) }),
    "ensure",
    "unsupported",
    "p620 runs no MicroVMs: systemd has no unit `a.service`",
  ],
  [
    plain({ state: unit({ load: "masked" }) }),
    "ensure",
    "refused",
    "`a.service` is masked: systemd starts it for nobody",
  ],
  [facts({ trouble, dir: dir({}) }), "deploy", "refused", "the flake does not evaluate"],
])("%#: it cannot be done", (known, mode, code, message) => {
  const choice = chooseVm(known, ask(mode));
  expect(choice).toMatchObject({ action: "blocked", settled: false });
  expect(choice.problem).toMatchObject({ code, message });
});

test.each<[string, VmFacts, VmMode, Record<string, unknown>]>([
  ["one that runs goes on", facts({ trouble }), "deploy", { action: "none", effect: "read" }],
  ["one that is down is started", facts({ ...off, trouble }), "deploy", { action: "start", verb: "start" }],
  ["an update leaves it alone", facts({ trouble }), "update", { action: "none", effect: "read" }],
])("what cannot be evaluated keeps what it has: %s", (_, known, mode, expected) => {
  const choice = chooseVm(known, ask(mode));
  expect(choice).toMatchObject({ ...expected, settled: false, trouble });
  expect(choice.reason).toEqual({ code: "refused", text: "the flake does not evaluate" });
});

test("a restart out of the system that was refused says so", () => {
  const between = facts({ dir: dir({ current: "one", booted: "two", refused: "two" }), configured: "two" });
  expect(chooseVm(between, ask("deploy")).reason.text).toBe(
    "it still runs the system that it was put back from",
  );
});
