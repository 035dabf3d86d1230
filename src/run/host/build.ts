import { join } from "node:path";
import { type Built, build, type Failure } from "../../nix/build.ts";
import { systemOf } from "../../nix/flake.ts";
import type { Machine } from "../../process/machine.ts";
import { sendSource } from "../../units/host/source.ts";
import { failed } from "../steps.ts";
import { type Doing, type DoPhase, settled } from "./phase.ts";
import { withRoom } from "./recover.ts";
import type { HostWork } from "./work.ts";

const DEADLINE_MS = 10_000;

/** What a host's configuration stands for. */
export const buildPhase: DoPhase = async (work, doing) => {
  const { on, built, warnings } = await buildSystem(work, doing);
  if (!built.ok)
    return { ...failed({ ...built, reason: reasonOf(built) }, doing.stop, doing.context), warnings };
  work.system = built.path;
  work.builtThere = on === work.machine;
  return settled("built", built.path, warnings);
};

/** Builds a host's system: here, or on the host where this machine has no Nix or is of another kind. */
async function buildSystem(
  { recipe, machine, state }: HostWork,
  doing: Doing,
): Promise<{ on: Machine; built: Built | Failure; warnings: readonly string[] }> {
  const { context, links } = doing;
  const { here, flake, env } = doing.request;
  const progress = (note: string) => context.progress("changing", note);
  const options = () => ({ deadline: context.remaining(), signal: context.abort, progress });
  const attribute = systemOf(recipe.name);
  if (!machine.remote || (await canBuild(here, state?.platform))) {
    const outLink = links && join(links, recipe.name);
    const attempt = () => build(here, { ...options(), flake, attribute, outLink });
    const { ended, warnings } = await withRoom({ machine: here, root: false }, doing, attempt);
    return { on: here, built: ended, warnings };
  }
  progress("sends the configuration");
  const source = await sendSource(here, machine, flake, { env, signal: context.abort });
  try {
    const attempt = () => build(machine, { ...options(), flake: source.flake, attribute });
    const { ended, warnings } = await withRoom({ machine, root: true }, doing, attempt);
    return { on: machine, built: ended, warnings };
  } finally {
    await source.remove();
  }
}

/** Whether a machine has Nix, and builds what runs on `platform`, where that is known. */
async function canBuild(here: Machine, platform: string | undefined): Promise<boolean> {
  const nix = await here.run(["env", "nix", "--version"], { deadline: DEADLINE_MS });
  if (nix.exitCode !== 0) return false;
  if (platform === undefined) return true;
  return (await here.run(["uname", "-sm"], { deadline: DEADLINE_MS })).stdout.trim() === platform;
}

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
