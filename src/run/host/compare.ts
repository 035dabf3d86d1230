import { HomelabError } from "../../errors.ts";
import { type Finding, findingLine } from "../../nix/finding.ts";
import type { Machine } from "../../process/machine.ts";
import { SshMachine } from "../../ssh/machine.ts";
import { findBlockers, refuseBlocked } from "../../units/host/blockers.ts";
import { bootRoom, bootRoomHint, noBootRoom } from "../../units/host/boot-room.ts";
import { compareSystems } from "../../units/host/compare.ts";
import { copySystem } from "../../units/host/copy.ts";
import { relaySystem } from "../../units/host/relay.ts";
import { missingBytes, roomFindings } from "../../units/host/store-room.ts";
import { checks } from "./modes.ts";
import { type DoPhase, settled } from "./phase.ts";
import { type HostWork, isSame } from "./work.ts";

/** Into the store of the host. */
export const copy: DoPhase = async (work, { request: { here, mode = "standard" }, context }) => {
  const { machine, recipe, state, system, place } = work;
  if (isSame(work) || !place || system === undefined)
    return settled("up-to-date", "there is nothing to copy");
  const progress = (note: string) => context.progress("changing", note);
  const options = { deadline: context.remaining(), signal: context.abort };
  const { on } = place;
  const findings: Finding[] = [];
  if (on !== machine && on === here && machine instanceof SshMachine) {
    const bytes = checks(mode, "space") ? await missingBytes(here, machine, system, options) : undefined;
    if (bytes !== undefined) findings.push(...roomFindings(recipe.name, state?.free, bytes));
    work.findings.push(...findings);
    await copySystem(here, machine, system, { ...options, progress });
  } else if (on !== machine) {
    await relaySystem(here, { from: on, to: machine }, system, { ...options, progress });
  }
  await requireSystem(machine, system);
  return settled("copied", `${system} is in its store`, findings.map(findingLine));
};

/** What a switch would change. */
export const compare: DoPhase = async (work, { request, context }) => {
  const { machine, state, system, recipe } = work;
  if (!state || system === undefined || isSame(work))
    return settled("up-to-date", "there is nothing to change");
  context.progress("verifying", "compares the systems");
  const systems = [state.system, system] as const;
  const options = { signal: context.abort };
  const { goal } = request;
  work.blockers = await findBlockers(machine, systems, options);
  if (goal === "switch" || goal === "test") refuseBlocked(recipe.name, work.blockers, otherwise(work));
  const findings = goal === "test" ? [] : await bootFindings(work, system, options);
  const [full] = findings;
  if (full && goal !== undefined) throw new HomelabError("refused", full.text, { hint: full.hint });
  work.findings.push(...findings);
  const activates = goal !== "boot" && work.blockers.length === 0;
  work.comparison = await compareSystems(machine, systems, { ...options, activates });
  return settled("compared", `${state.system} → ${system}`, findings.map(findingLine));
};

/** The command that puts a system into force at the next boot. */
const otherwise = ({ recipe: { name }, generation }: HostWork): string =>
  generation === undefined ? `host deploy ${name}` : `host rollback ${name} --to ${generation}`;

/** A boot loader without room: whoever only looks is told of it, and nobody switches. */
async function bootFindings(
  { machine, recipe: { name } }: HostWork,
  system: string,
  options: { readonly signal: AbortSignal },
): Promise<Finding[]> {
  const room = await bootRoom(machine, system, options);
  const text = room && noBootRoom(name, room);
  if (text === undefined) return [];
  return [{ level: "error", rule: "boot-full", text, hint: bootRoomHint(name) }];
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
