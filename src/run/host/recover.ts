import { delay } from "../../clock.ts";
import { HomelabError } from "../../errors.ts";
import type { Failure } from "../../nix/failure.ts";
import { type Collected, collectGarbage } from "../../nix/garbage.ts";
import type { Machine } from "../../process/machine.ts";
import type { StepContext } from "../../units/driver.ts";
import type { Doing } from "./phase.ts";

/** How long to wait before a machine is asked again that could not be reached. */
const PAUSES_MS = [1_000, 2_000, 4_000];

/**
 * Does something on a machine that may not be reached: once more after each pause, for as long as it is that. `lost`
 * says of what came back why the machine was not reached; else it is an `unavailable` that is thrown.
 */
export async function withRetries<T>(
  { progress, stop }: Pick<StepContext, "progress" | "stop">,
  attempt: () => Promise<T>,
  lost: (ended: T) => string | undefined = () => undefined,
): Promise<T> {
  for (const pause of PAUSES_MS) {
    let why: string | undefined;
    try {
      const ended = await attempt();
      why = lost(ended);
      if (why === undefined || stop.aborted) return ended;
    } catch (error) {
      if (!(error instanceof HomelabError) || error.code !== "unavailable" || stop.aborted) throw error;
      why = error.message;
    }
    progress("verifying", `${why}; tries again in ${pause / 1000} s`);
    await delay(pause, stop);
  }
  return attempt();
}

/** Where garbage is collected, and as whom. */
export interface Store {
  readonly machine: Machine;
  /** As root, where the login is another user's. */
  readonly root: boolean;
}

/**
 * Does what needs room in a store. When there is too little, garbage is collected there, and it is done once more.
 * Gives what came of it, and what is to be told of it.
 */
export async function withRoom<Done extends { readonly ok: true }>(
  store: Store,
  doing: Doing,
  attempt: () => Promise<Done | Failure>,
): Promise<{ readonly ended: Done | Failure; readonly warnings: readonly string[] }> {
  const first = await attempt();
  if (first.ok || first.code !== "no-space" || doing.request.leavesGarbage)
    return { ended: first, warnings: [] };
  const collected = await makeRoom(store, doing);
  const told = collectedText(store.machine, collected);
  const anew = collected.ok && collected.paths > 0 && !doing.context.stop.aborted;
  const ended = anew ? await attempt() : first;
  if (ended.ok || ended.code !== "no-space") return { ended, warnings: [told] };
  return { ended: { ...ended, hint: `${told}; ${harder(store.machine)}` }, warnings: [] };
}

/** Removes what nothing needs from a store. Generations that could be gone back to are needed. */
export function makeRoom({ machine, root }: Store, { context }: Doing): Promise<Collected> {
  context.progress("changing", `no space left: collects garbage on ${machine.name}`);
  return collectGarbage(machine, { deadline: context.remaining(), signal: context.abort, root });
}

/** What came of it, as a clause. */
export function collectedText({ name }: Pick<Machine, "name">, collected: Collected): string {
  if (!collected.ok) return `garbage could not be collected on ${name}: ${collected.said}`;
  const { paths, freed } = collected;
  if (paths === 0) return `there was no garbage to collect on ${name}`;
  return `collected garbage on ${name}: ${freed} freed`;
}

/** What would give more room, which is for a person to decide. */
export const harder = ({ name }: Pick<Machine, "name">): string =>
  `\`sudo nix-collect-garbage --delete-older-than 30d\` on ${name} also takes generations, which then cannot be gone back to`;
