import { HomelabError } from "../../errors.ts";
import type { Failure } from "../../nix/failure.ts";
import { type Finding, findingLine } from "../../nix/finding.ts";
import type { Machine } from "../../process/machine.ts";
import { SshMachine } from "../../ssh/machine.ts";
import { copySystem } from "../../units/host/copy.ts";
import { lookAtHost } from "../../units/host/look.ts";
import { relaySystem } from "../../units/host/relay.ts";
import { missingBytes, roomFindings } from "../../units/host/store-room.ts";
import { failed } from "../steps.ts";
import { reasonOf } from "./build.ts";
import { checks } from "./modes.ts";
import { type Doing, type DoPhase, settled } from "./phase.ts";
import { withRetries, withRoom } from "./recover.ts";
import { type HostWork, isSame } from "./work.ts";

type Copied = { readonly ok: true } | Failure;

/** Into the store of the host. */
export const copy: DoPhase = async (work, doing) => {
  const { context, stop } = doing;
  const { machine, system, place } = work;
  if (isSame(work) || !place || system === undefined)
    return settled("up-to-date", "there is nothing to copy");
  const { ended, warnings, refused } = await sent(work, place.on, system, doing);
  if (!ended.ok) {
    const reason = refused ? { code: "refused", text: ended.detail } : reasonOf(ended);
    return { ...failed({ ...ended, reason }, stop, context), warnings };
  }
  await requireSystem(machine, system);
  return settled("copied", `${system} is in its store`, warnings);
};

interface Sent {
  readonly ended: Copied;
  readonly warnings: readonly string[];
  /** There was no room from the beginning. */
  readonly refused?: boolean;
}

/** From where it was built. */
async function sent(work: HostWork, on: Machine, system: string, doing: Doing): Promise<Sent> {
  const { machine } = work;
  if (on === machine) return { ended: { ok: true }, warnings: [] };
  if (on === doing.request.here && machine instanceof SshMachine)
    return fromHere(work, machine, system, doing);
  return fromBuilder(on, machine, system, doing);
}

/** As from here: what was lost on the way is sent again, and garbage is collected where there is no room. */
function fromBuilder(from: Machine, to: Machine, system: string, doing: Doing): Promise<Sent> {
  const { request, context } = doing;
  const progress = (note: string) => context.progress("changing", note);
  const once = () => {
    const options = { deadline: context.remaining(), signal: context.abort, progress };
    return relaySystem(request.here, { from, to }, system, options);
  };
  return withRoom({ machine: to, root: true }, doing, () => withRetries(context, once, lost));
}

const lost = (ended: Copied) => (!ended.ok && ended.code === "network" ? ended.detail : undefined);

/** What was lost on the way is sent again; where there is no room, garbage is collected once. */
async function fromHere(work: HostWork, machine: SshMachine, system: string, doing: Doing): Promise<Sent> {
  const { request, context } = doing;
  const { here, mode = "standard" } = request;
  const options = () => ({ deadline: context.remaining(), signal: context.abort });
  const progress = (note: string) => context.progress("changing", note);
  let room: Room = { findings: [] };
  let tries = 0;
  const once = async (): Promise<Copied> => {
    tries++;
    const bytes = checks(mode, "space") ? await missingBytes(here, machine, system, options()) : undefined;
    // Garbage may have been collected since it was looked at.
    const free = tries === 1 ? work.state?.free : (await lookAtHost(machine)).free;
    room = roomFor(work.recipe.name, free, bytes ?? 0);
    return room.full ?? copySystem(here, machine, system, { ...options(), progress });
  };
  const copied = await withRoom({ machine, root: true }, doing, () => withRetries(context, once, lost));
  work.findings.push(...room.findings);
  const warnings = [...copied.warnings, ...room.findings.map(findingLine)];
  return { ended: copied.ended, warnings, refused: room.full !== undefined };
}

interface Room {
  readonly findings: readonly Finding[];
  /** It is surely too full, as what copying would come to. */
  readonly full?: Failure;
}

function roomFor(name: string, free: number | undefined, bytes: number): Room {
  try {
    return { findings: roomFindings(name, free, bytes) };
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
    const { message: detail, hint = "" } = error;
    return { findings: [], full: { ok: false, code: "no-space", detail, hint, log: [] } };
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
