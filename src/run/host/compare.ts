import { HomelabError } from "../../errors.ts";
import { type Finding, findingLine } from "../../nix/finding.ts";
import { refuseOther } from "../../units/host/attach.ts";
import { findBlockers, refuseBlocked } from "../../units/host/blockers.ts";
import { bootRoom, bootRoomHint, noBootRoom } from "../../units/host/boot-room.ts";
import { compareSystems } from "../../units/host/compare.ts";
import { type DoPhase, settled } from "./phase.ts";
import { type HostWork, isSame } from "./work.ts";

/** What a switch would change. */
export const compare: DoPhase = async (work, { request, context }) => {
  const { machine, state, system, recipe } = work;
  if (work.left && work.left.after !== system) refuseOther(machine, work.left);
  if (!state || system === undefined || isSame(work))
    return settled("up-to-date", "there is nothing to change");
  context.progress("verifying", "compares the systems");
  const systems = [state.system, system] as const;
  const options = { signal: context.abort };
  const { goal } = request;
  work.blockers = await findBlockers(machine, systems, options);
  if (goal === "switch" || goal === "test") refuseBlocked(recipe.name, work.blockers, otherwise(work));
  const full = goal === "test" ? undefined : await bootFinding(work, system, options);
  if (full && goal !== undefined) throw new HomelabError("refused", full.text, { hint: full.hint });
  const findings = [...(work.condition ?? []), ...(full ? [full] : [])];
  work.findings.push(...findings);
  const activates = goal !== "boot" && work.blockers.length === 0;
  work.comparison = await compareSystems(machine, systems, { ...options, activates });
  return settled("compared", `${state.system} → ${system}`, findings.map(findingLine));
};

/** The command that puts a system into force at the next boot. */
const otherwise = ({ recipe: { name }, generation }: HostWork): string =>
  generation === undefined ? `host deploy ${name}` : `host rollback ${name} --to ${generation}`;

/** A boot loader without room: whoever only looks is told of it, and nobody switches. */
async function bootFinding(
  { machine, recipe: { name } }: HostWork,
  system: string,
  options: { readonly signal: AbortSignal },
): Promise<Finding | undefined> {
  const room = await bootRoom(machine, system, options);
  const text = room && noBootRoom(name, room);
  if (text === undefined) return undefined;
  return { level: "error", rule: "boot-full", text, hint: bootRoomHint(name) };
}
