import type { Book, TaskRecipe } from "../../book/types.ts";
import type { Decision } from "./decide.ts";
import type { ServiceView } from "./facts.ts";

/** The task that runs before a decided change, if it is one that may put other programs to work on the same data. */
export function taskBefore(
  book: Book,
  { recipe, changed }: ServiceView,
  decision: Decision,
): TaskRecipe | undefined {
  if (recipe.beforeUpdate === undefined) return undefined;
  const changes = decision.updates || (decision.effect !== "read" && changed.length > 0);
  const task = changes ? book.recipes.get(recipe.beforeUpdate) : undefined;
  return task?.kind === "task" ? task : undefined;
}

export const comesAfter = (decision: Decision, task: string): Decision => ({
  ...decision,
  reason: { ...decision.reason, text: `${decision.reason.text}; \`${task}\` runs first` },
});
