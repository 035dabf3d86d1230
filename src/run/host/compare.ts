import { HomelabError } from "../../errors.ts";
import type { Machine } from "../../process/machine.ts";
import { SshMachine } from "../../ssh/machine.ts";
import { refuseOther } from "../../units/host/attach.ts";
import { compareSystems } from "../../units/host/compare.ts";
import { copySystem } from "../../units/host/copy.ts";
import { failed } from "../steps.ts";
import { reasonOf } from "./build.ts";
import { type DoPhase, settled } from "./phase.ts";
import { withRetries, withRoom } from "./recover.ts";
import { isSame } from "./work.ts";

/** Into the store of the host. */
export const copy: DoPhase = async (work, doing) => {
  const { request, context, stop } = doing;
  const { machine, system, builtThere } = work;
  if (isSame(work) || builtThere || !(machine instanceof SshMachine) || system === undefined)
    return settled("up-to-date", "there is nothing to copy");
  const progress = (note: string) => context.progress("changing", note);
  const attempt = () => {
    const options = { deadline: context.remaining(), signal: context.abort, progress };
    return copySystem(request.here, machine, system, options);
  };
  const lost = (ended: Awaited<ReturnType<typeof attempt>>) =>
    !ended.ok && ended.code === "network" ? ended.detail : undefined;
  const { ended, warnings } = await withRoom({ machine, root: true }, doing, () =>
    withRetries(context, attempt, lost),
  );
  if (ended.ok) return settled("copied", `${system} is in its store`, warnings);
  return { ...failed({ ...ended, reason: reasonOf(ended) }, stop, context), warnings };
};

/** What a switch would change. */
export const compare: DoPhase = async (work, { context }) => {
  const { machine, state, system } = work;
  if (work.left && work.left.after !== system) refuseOther(machine, work.left);
  if (!state || system === undefined || isSame(work))
    return settled("up-to-date", "there is nothing to change");
  context.progress("verifying", "compares the systems");
  await requireSystem(machine, system);
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
