import { build } from "../../nix/build.ts";
import type { NixOptions } from "../../nix/call.ts";
import { systemOf } from "../../nix/flake.ts";
import type { Machine } from "../../process/machine.ts";
import { sendSource } from "../../units/host/source.ts";
import { failed } from "../steps.ts";
import { type DoPhase, settled } from "./phase.ts";
import type { HostRequest, HostWork } from "./work.ts";

const DEADLINE_MS = 10_000;

/** What a host's configuration stands for. */
export const buildPhase: DoPhase = async (work, { request, context, stop }) => {
  const progress = (note: string) => context.progress("changing", note);
  const options = { deadline: context.remaining(), signal: context.abort, progress };
  const { on, built } = await buildSystem(work, request, options);
  if (!built.ok) return failed({ ...built, reason: reasonOf(built) }, stop, context);
  work.system = built.path;
  work.builtThere = on === work.machine;
  return settled("built", built.path);
};

/** Builds a host's system: here, or on the host where this machine has no Nix or is of another kind. */
async function buildSystem(
  { recipe, machine, state }: HostWork,
  { here, flake, env, lock }: Pick<HostRequest, "here" | "flake" | "env" | "lock">,
  options: NixOptions,
): Promise<{ on: Machine; built: Awaited<ReturnType<typeof build>> }> {
  const attribute = systemOf(recipe.name);
  if (!machine.remote || (await canBuild(here, state?.platform)))
    return { on: here, built: await build(here, { ...options, flake, attribute, lock }) };
  options.progress?.("sends the configuration");
  const source = await sendSource(here, machine, flake, { env, lock, signal: options.signal });
  try {
    return { on: machine, built: await build(machine, { ...options, flake: source.flake, attribute }) };
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
