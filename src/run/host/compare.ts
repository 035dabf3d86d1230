import { HomelabError } from "../../errors.ts";
import type { Machine } from "../../process/machine.ts";
import { SshMachine } from "../../ssh/machine.ts";
import { compareSystems } from "../../units/host/compare.ts";
import { copySystem } from "../../units/host/copy.ts";
import { relaySystem } from "../../units/host/relay.ts";
import { type DoPhase, settled } from "./phase.ts";
import { isSame } from "./work.ts";

/** Into the store of the host. */
export const copy: DoPhase = async (work, { request: { here }, context }) => {
  const { machine, system, place } = work;
  if (isSame(work) || !place || system === undefined)
    return settled("up-to-date", "there is nothing to copy");
  const progress = (note: string) => context.progress("changing", note);
  const options = { deadline: context.remaining(), signal: context.abort, progress };
  const { on } = place;
  if (on !== machine && on === here && machine instanceof SshMachine)
    await copySystem(here, machine, system, options);
  else if (on !== machine) await relaySystem(here, { from: on, to: machine }, system, options);
  await requireSystem(machine, system);
  return settled("copied", `${system} is in its store`);
};

/** What a switch would change. */
export const compare: DoPhase = async (work, { context }) => {
  const { machine, state, system } = work;
  if (!state || system === undefined || isSame(work))
    return settled("up-to-date", "there is nothing to change");
  context.progress("verifying", "compares the systems");
  work.comparison = await compareSystems(machine, [state.system, system], { signal: context.abort });
  return settled("compared", `${state.system} → ${system}`);
};

/** Throws when a path is no system that could be switched to: a wrong attribute builds, too. */
async function requireSystem(machine: Machine, system: string): Promise<void> {
  const argv = ["test", "-x", `${system}/bin/switch-to-configuration`, "-a", "-e", `${system}/nixos-version`];
  const { exitCode } = await machine.run(argv, { deadline: 30_000 });
  if (exitCode === 0) return;
  throw new HomelabError("refused", `${system} is no system of NixOS`, {
    hint: "its `config.system.build.toplevel` must be what NixOS makes of a configuration",
  });
}
