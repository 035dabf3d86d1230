import type { Book, Recipe } from "../book/types.ts";
import { HomelabError } from "../errors.ts";
import type { Hold } from "../store/held.ts";
import type { Decided } from "../units/driver.ts";

/** Recipes that are stopped on purpose. */
export interface Holds {
  get(name: string): Hold | undefined;
}

/** The decision for a recipe that is held and down, and that nobody asked for by its name; else undefined. */
export function ownHold(
  hold: Hold | undefined,
  { isUp, outright }: { readonly isUp: boolean; readonly outright: boolean },
): Decided | undefined {
  if (!hold || isUp || outright) return undefined;
  return held(`stopped on purpose ${sinceHold(hold)}`, hold);
}

/**
 * The decision for a recipe of which something would have to be done while one of its needs is held: it is held with
 * it. Asked for by its name, it is impossible until somebody says that the need may run again.
 */
export function heldByNeed(
  { name, needs }: Recipe,
  outright: boolean,
  decided: ReadonlyMap<string, Decided>,
  holds: Holds,
): Decided | undefined {
  const need = needs.find((each) => decided.get(each.name)?.action === "held");
  if (!need) return undefined;
  const hold = holds.get(need.name);
  if (!outright) return held(`needs ${need.name}, which is held`, hold);
  const problem = new HomelabError(
    "refused",
    `\`${name}\` needs \`${need.name}\`, which was stopped on purpose${hold ? ` ${sinceHold(hold)}` : ""}`,
    { hint: `start both: \`homelab ensure ${need.name} ${name}\`` },
  );
  const reason = { code: problem.code, text: problem.message };
  return { action: "blocked", reason, effect: "read", settled: false, problem };
}

/** Why a recipe that is down is held: it was stopped on purpose, or something that it needs was. */
export function heldDetail(
  { name, needs }: Recipe,
  book: Pick<Book, "recipes">,
  holds: Holds,
  isDown: (name: string) => boolean,
): string | undefined {
  const hold = holds.get(name);
  if (hold) return `stopped on purpose ${sinceHold(hold)}`;
  for (const need of needs) {
    const recipe = book.recipes.get(need.name);
    if (recipe && isDown(need.name) && heldDetail(recipe, book, holds, isDown))
      return `needs ${need.name}, which is held`;
  }
  return undefined;
}

function held(text: string, hold: Hold | undefined): Decided {
  const code = hold ? "held" : "need-held";
  return { action: "held", reason: { code, text }, effect: "read", settled: true };
}

/** Since when something is held: "at 03:12", "on 2026-11-21 at 03:12", with the command. */
export function sinceHold({ at, command }: Hold): string {
  const date = new Date(at);
  const pad = (value: number) => String(value).padStart(2, "0");
  const day =
    date.toDateString() === new Date().toDateString()
      ? ""
      : `on ${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} `;
  return `${day}at ${pad(date.getHours())}:${pad(date.getMinutes())} (\`${command}\`)`;
}
