import type { HostRecipe } from "../book/types.ts";
import { HomelabError } from "../errors.ts";
import type { Step, StepReport } from "../plan/types.ts";
import type { Machine } from "../process/machine.ts";
import { SshMachine } from "../ssh/machine.ts";
import type { StepContext } from "../units/driver.ts";
import { type Comparison, compareSystems } from "../units/host/compare.ts";
import { copySystem } from "../units/host/copy.ts";
import { type HostState, lookAtHost, requireFree, requireSpace } from "../units/host/look.ts";
import { buildSystem } from "./host-build.ts";
import { isGood, type Outcome } from "./schedule.ts";
import { failed, type RunOptions, runSteps } from "./steps.ts";

/** One host in a run, and what is known of it so far. */
export interface HostWork {
  readonly recipe: HostRecipe;
  readonly machine: Machine;
  state?: HostState | undefined;
  /** The system that its configuration stands for, once built. */
  system?: string | undefined;
  /** It is in the host's own store already. */
  builtThere?: boolean | undefined;
  comparison?: Comparison | undefined;
  /** The generation of its profile that it goes back to. */
  generation?: number | undefined;
}

export interface HostRequest extends RunOptions {
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the configurations are; on this machine. */
  readonly flake: string;
  /** A lock file on this machine, instead of the flake's own. */
  readonly lock?: string | undefined;
  readonly works: readonly HostWork[];
  /** This machine. */
  readonly here: Machine;
}

/** What comes before a switch, in this order. */
export type HostPhase = "check" | "build" | "copy" | "compare";

const TEXTS: Readonly<Record<HostPhase, string>> = {
  check: "whether it can be reached and has room",
  build: "what its configuration stands for",
  copy: "into its store",
  compare: "what would change",
};

/** Whether a host runs, and boots, the system that its configuration stands for. */
export const isSame = ({ state, system }: HostWork): boolean =>
  state !== undefined && system !== undefined && state.system === system && state.profile === system;

/** Steps of a few phases for all hosts; their ids have a space, so that no recipe can be called like that. */
function stepsOf(works: readonly HostWork[], phases: readonly HostPhase[]): Step[] {
  return works.flatMap(({ recipe: { name } }) =>
    phases.map((phase, at): Step => {
      const needs = phases.slice(0, at).slice(-1);
      return {
        id: `${phase} ${name}`,
        kind: "host",
        action: "run",
        reason: { code: "asked", text: TEXTS[phase] },
        effect: "read",
        needs: needs.map((each) => `${each} ${name}`),
      };
    }),
  );
}

/** Does phases for all hosts, each host by itself. Nothing that runs anywhere is changed by any of them. */
export async function prepareHosts(
  request: HostRequest,
  phases: readonly HostPhase[],
  began: number,
): Promise<{ steps: StepReport[]; good: boolean }> {
  const { works, root, stop } = request;
  const plan = { root, targets: works.map(({ recipe }) => recipe.name), steps: stepsOf(works, phases) };
  const needs = plan.steps.map((step) => {
    const all = step.needs.map((name) => ({ name, when: "healthy" as const }));
    return [step.id, all] as const;
  });
  const steps = await runSteps(request, {
    plan,
    began,
    needs: new Map(needs),
    execute: async ({ id }, context, slots) => {
      const [phase, name] = id.split(" ") as [HostPhase, string];
      const work = works.find(({ recipe }) => recipe.name === name) as HostWork;
      return slots.use(() => DO[phase](work, { request, context, stop }));
    },
  });
  return { steps, good: steps.every(({ result }) => isGood(result)) };
}

interface Doing {
  readonly request: HostRequest;
  readonly context: StepContext;
  readonly stop: RunOptions["stop"];
}

const DO: Readonly<Record<HostPhase, (work: HostWork, doing: Doing) => Promise<Outcome>>> = {
  async check(work, { context }) {
    context.progress("verifying", "looks at it");
    const state = await lookAtHost(work.machine);
    requireFree(work.machine, state.holder);
    requireSpace(work.machine, state);
    work.state = state;
    const failing = state.failed.length > 0 ? `; ${state.failed.join(", ")} failed already` : "";
    return settled("checked", `runs ${state.system}${failing}`);
  },
  async build(work, { request, context, stop }) {
    const progress = (note: string) => context.progress("changing", note);
    const options = { deadline: context.remaining(), signal: context.abort, progress };
    const { on, built } = await buildSystem(work, request, options);
    if (!built.ok) return failed({ ...built, reason: reasonOf(built) }, stop, context);
    work.system = built.path;
    work.builtThere = on === work.machine;
    return settled("built", built.path);
  },
  async copy(work, { request: { here }, context }) {
    const { machine, system, builtThere } = work;
    if (isSame(work) || builtThere || !(machine instanceof SshMachine) || system === undefined)
      return settled("up-to-date", "there is nothing to copy");
    const progress = (note: string) => context.progress("changing", note);
    await copySystem(here, machine, system, {
      deadline: context.remaining(),
      signal: context.abort,
      progress,
    });
    return settled("copied", `${system} is in its store`);
  },
  async compare(work, { context }) {
    const { machine, state, system } = work;
    if (!state || system === undefined || isSame(work))
      return settled("up-to-date", "there is nothing to change");
    context.progress("verifying", "compares the systems");
    await requireSystem(machine, system);
    work.comparison = await compareSystems(machine, [state.system, system], { signal: context.abort });
    return settled("compared", `${state.system} → ${system}`);
  },
};

const settled = (code: string, text: string): Outcome => ({
  result: "unchanged",
  reason: { code, text },
  detail: text,
});

const EXITS: Readonly<Record<string, string>> = {
  "nix-missing": "unavailable",
  "nix-too-old": "unsupported",
  "no-flake": "not-configured",
  "no-attribute": "not-configured",
  daemon: "unavailable",
  network: "unavailable",
  owner: "permission",
};

/** A failure of Nix under the code that decides the exit code. */
export const reasonOf = ({ code, detail }: { readonly code: string; readonly detail: string }) => ({
  code: EXITS[code] ?? code,
  text: detail,
});

/** Throws when a path is no system that could be switched to: a wrong attribute builds, too. */
async function requireSystem(machine: Machine, system: string): Promise<void> {
  const argv = ["test", "-x", `${system}/bin/switch-to-configuration`, "-a", "-e", `${system}/nixos-version`];
  const { exitCode } = await machine.run(argv, { deadline: 30_000 });
  if (exitCode === 0) return;
  throw new HomelabError("refused", `${system} is no system of NixOS`, {
    hint: "its `config.system.build.toplevel` must be what NixOS makes of a configuration",
  });
}
