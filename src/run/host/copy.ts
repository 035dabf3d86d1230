import { HomelabError } from "../../errors.ts";
import type { Failure } from "../../nix/failure.ts";
import type { Machine } from "../../process/machine.ts";
import { SshMachine } from "../../ssh/machine.ts";
import { copySystem } from "../../units/host/copy.ts";
import { lookAtHost } from "../../units/host/look.ts";
import { relaySystem } from "../../units/host/relay.ts";
import { missingBytes, requireRoom } from "../../units/host/store-room.ts";
import { failed } from "../steps.ts";
import { reasonOf } from "./build.ts";
import { checks } from "./modes.ts";
import { type Doing, type DoPhase, settled } from "./phase.ts";
import { withRetries, withRoom } from "./recover.ts";
import { type HostWork, isSame } from "./work.ts";

type Copied = { readonly ok: true } | Failure;

/** Into the store of the host. */
export const copy: DoPhase = async (work, doing) => {
  const { request, context, stop } = doing;
  const { machine, system, place } = work;
  if (isSame(work) || !place || system === undefined)
    return settled("up-to-date", "there is nothing to copy");
  const { on } = place;
  let warnings: readonly string[] = [];
  if (on !== machine && on === request.here && machine instanceof SshMachine) {
    const copied = await fromHere(work, machine, system, doing);
    warnings = copied.warnings;
    if (!copied.ended.ok)
      return { ...failed({ ...copied.ended, reason: reasonOf(copied.ended) }, stop, context), warnings };
  } else if (on !== machine) {
    const options = { deadline: context.remaining(), signal: context.abort };
    const progress = (note: string) => context.progress("changing", note);
    await relaySystem(request.here, { from: on, to: machine }, system, { ...options, progress });
  }
  await requireSystem(machine, system);
  return settled("copied", `${system} is in its store`, warnings);
};

/** What was lost on the way is sent again; where there is no room, garbage is collected once. */
async function fromHere(work: HostWork, machine: SshMachine, system: string, doing: Doing) {
  const { request, context } = doing;
  const { here, mode = "standard" } = request;
  const options = () => ({ deadline: context.remaining(), signal: context.abort });
  const progress = (note: string) => context.progress("changing", note);
  let tries = 0;
  const once = async (): Promise<Copied> => {
    tries++;
    const bytes = checks(mode, "space") ? await missingBytes(here, machine, system, options()) : undefined;
    // Garbage may have been collected since it was looked at.
    const free = tries === 1 ? work.state?.free : (await lookAtHost(machine)).free;
    const full = bytes === undefined ? undefined : tooFull(work.recipe.name, free ?? 0, bytes);
    return full ?? copySystem(here, machine, system, { ...options(), progress });
  };
  const lost = (ended: Copied) => (!ended.ok && ended.code === "network" ? ended.detail : undefined);
  return withRoom({ machine, root: true }, doing, () => withRetries(context, once, lost));
}

/** A store that is too full for a system, as what copying it would come to. */
function tooFull(name: string, free: number, bytes: number): Failure | undefined {
  try {
    requireRoom(name, free, bytes);
    return undefined;
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
    return { ok: false, code: "no-space", detail: error.message, hint: error.hint ?? "", log: [] };
  }
}

/** Throws when a path is no system that could be switched to: a wrong attribute builds, too. */
async function requireSystem(machine: Machine, system: string): Promise<void> {
  const argv = ["test", "-x", `${system}/bin/switch-to-configuration`, "-a", "-e", `${system}/nixos-version`];
  const { exitCode } = await machine.run(argv, { deadline: 30_000 });
  if (exitCode === 0) return;
  throw new HomelabError("refused", `${system} is no system of NixOS`, {
    hint: "its `config.system.build.toplevel` must be what NixOS makes of a configuration",
  });
}
