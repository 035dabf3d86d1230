import { build } from "../nix/build.ts";
import type { NixOptions } from "../nix/call.ts";
import { systemOf } from "../nix/flake.ts";
import type { Machine } from "../process/machine.ts";
import { sendSource } from "../units/host/source.ts";
import type { HostRequest, HostWork } from "./host-prepare.ts";

const DEADLINE_MS = 10_000;

/** Builds a host's system: here, or on the host where this machine has no Nix or is of another kind. */
export async function buildSystem(
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
