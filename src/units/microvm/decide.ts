import { HomelabError, inOneLine } from "../../errors.ts";
import type { UnitState } from "../../systemd/show.ts";
import { type Choice, chooseUnit, type Look } from "../systemd/decide.ts";
import type { VmDir } from "./state.ts";

/**
 * How far a run goes with a MicroVM: `ensure` brings it up with the system that it has, `update` puts a new one in
 * place for its next start, `deploy` does both, and restarts it where that is needed.
 */
export type VmMode = "ensure" | "update" | "deploy";

/** What is to be done about a MicroVM. */
export interface VmChoice extends Choice {
  /** Put the configured runner in place of the current one, and build it before. */
  readonly install?: boolean | undefined;
  /** Why it cannot be updated: it is brought up with what it has, and the step fails all the same. */
  readonly trouble?: HomelabError | undefined;
}

/** What is known of one MicroVM. */
export interface VmFacts {
  readonly name: string;
  /** Its machine, as people call it. */
  readonly machine: string;
  readonly state: UnitState;
  readonly dir: VmDir | undefined;
  /** Store path of the runner that its configuration stands for; undefined where that was not asked, or nothing says it. */
  readonly configured?: string | undefined;
  /** Whether a flake is known that it can be made from. */
  readonly buildable: boolean;
  readonly remote: boolean;
  /** Why it cannot be said what its configuration stands for: then it goes on with what it has. */
  readonly trouble?: HomelabError | undefined;
}

export interface VmAsk extends Look {
  readonly mode: VmMode;
  readonly force: boolean;
  readonly restart: boolean;
}

/** Whether it runs another system than the one that is in place. */
export const isStale = ({ dir, state }: Pick<VmFacts, "dir" | "state">): boolean => {
  const { booted, current } = dir?.runners ?? {};
  return isRunning(state) && booted !== undefined && current !== undefined && booted.path !== current.path;
};

export const isRunning = ({ active }: UnitState): boolean =>
  active === "active" || active === "activating" || active === "reloading";

/** What a person would do next about it: nothing, `update` (and restart), `restart`, or `start`. */
export type Pending = "update" | "restart" | "start" | "build";

/** By what is there, without evaluation, beside the configured runner where that is known. */
export function pendingOf({
  dir,
  state,
  configured,
}: Pick<VmFacts, "dir" | "state" | "configured">): Pending | undefined {
  const { current, new: built } = dir?.runners ?? {};
  if (!current) return "build";
  const wanted = configured ?? built?.path;
  if (wanted !== undefined && wanted !== current.path) return "update";
  if (isStale({ dir, state })) return "restart";
  return isRunning(state) ? undefined : "start";
}

/** Decides what brings a MicroVM to what the mode asks for. */
export function chooseVm(facts: VmFacts, ask: VmAsk): VmChoice {
  const { state, dir } = facts;
  const problem = missing(facts, ask.mode);
  if (problem) {
    const reason = { code: problem.code, text: problem.message };
    return { action: "blocked", reason, effect: "read", settled: false, problem };
  }
  const again = ask.restart || ask.force;
  const start = chooseUnit(state, { again, stable: ask.stable, now: ask.now });
  if (start.problem) return start;
  if (ask.mode === "ensure") return told(start, facts);
  if (facts.trouble) return troubled(facts.trouble, ask.mode === "update" ? idle(facts) : start);
  const install = mustInstall(facts, ask);
  if (ask.mode === "update") return install ? update(facts, undefined) : idle(facts);
  if (install) return update(facts, isRunning(state) ? "restart" : "start");
  if (isStale({ dir, state }) && !again) return stale(facts);
  return isRefused(facts) ? noted(start, REFUSED) : start;
}

function mustInstall({ dir, configured }: VmFacts, { force }: VmAsk): boolean {
  const { current, refused } = dir?.runners ?? {};
  if (configured === undefined || configured === current?.path) return false;
  return force || configured !== refused?.path;
}

const update = ({ dir }: VmFacts, verb: VmChoice["verb"]): VmChoice => ({
  action: dir?.runners.current ? "update" : "create",
  reason: dir?.runners.current
    ? { code: "outdated", text: "its configuration stands for another system" }
    : { code: "missing", text: "it was never built here" },
  effect: "write",
  settled: false,
  verb,
  install: true,
});

const stale = ({ dir }: VmFacts): VmChoice => ({
  action: "restart",
  reason: {
    code: "stale",
    text:
      dir?.runners.booted?.path === dir?.runners.refused?.path
        ? "it still runs the system that it was put back from"
        : "it still runs the system before",
  },
  effect: "write",
  settled: false,
  verb: "restart",
});

const troubled = (trouble: HomelabError, choice: VmChoice): VmChoice => ({
  ...choice,
  reason: { code: trouble.code, text: inOneLine(trouble) },
  settled: false,
  trouble,
});

/** Nothing to put in place: what runs is another question. */
function idle(facts: VmFacts): VmChoice {
  const { dir, configured } = facts;
  const text = dir?.declarative
    ? "it is updated along with its host"
    : isRefused(facts)
      ? REFUSED
      : configured === undefined
        ? "nothing says what it is built from"
        : isStale(facts)
          ? "its new system is in place; a restart brings it into force"
          : "its system is the configured one";
  return { action: "none", reason: { code: "current", text }, effect: "read", settled: true };
}

const REFUSED = "it was put back from the configured system, and stays so until its configuration changes";

const isRefused = ({ dir, configured }: VmFacts): boolean =>
  configured !== undefined &&
  configured !== dir?.runners.current?.path &&
  configured === dir?.runners.refused?.path;

/** What `ensure` leaves alone is said all the same. */
const told = (choice: VmChoice, facts: VmFacts): VmChoice => (isStale(facts) ? noted(choice, STALE) : choice);

const noted = (choice: VmChoice, note: string): VmChoice =>
  choice.action === "none"
    ? { ...choice, reason: { ...choice.reason, text: `${choice.reason.text}; ${note}` } }
    : choice;

/** As `ensure` and `status` say it of what runs. */
export const STALE = "a newer system is in place and waits for a restart";

function missing(
  { name, machine, state, dir, buildable, remote, trouble }: VmFacts,
  mode: VmMode,
): HomelabError | undefined {
  if (state.load === "not-found")
    return new HomelabError(
      "unsupported",
      `${machine} runs no MicroVMs: systemd has no unit \`${state.unit}\``,
      {
        hint: "import microvm.nix's host module there (`microvm.nixosModules.host`), and switch",
      },
    );
  if (dir?.runners.current) return undefined;
  if (trouble) return trouble;
  if (mode !== "ensure" && buildable) return undefined;
  const what = dir ? `the MicroVM \`${name}\` was never built` : `there is no MicroVM \`${name}\``;
  const declared = "one that its host declares comes with a switch of the host";
  return new HomelabError("refused", `${what} on ${machine}`, {
    hint:
      mode === "ensure"
        ? `\`homelab vm update ${name}\` builds it from its flake; ${declared}`
        : `say what it is built from: add \`flake: …\` to its recipe${remote ? `, as ${machine} sees it` : ""}; ${declared}`,
  });
}
