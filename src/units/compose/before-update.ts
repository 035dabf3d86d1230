import type { Book, ServiceRecipe, TaskRecipe } from "../../book/types.ts";
import { lineName, outputTail, runLine } from "../../process/line.ts";
import { insideOf, RUN_VARIABLE } from "../../process/runner.ts";
import type { Failure } from "../driver.ts";
import { type ChangeRequest, failure } from "./change.ts";

const LOG_LINES = 20;
/** What is left for the last lines of a task that was broken off. */
const FINALLY_MS = 60_000;

/**
 * Runs a recipe's `before_update`, such as a snapshot of its data: when it fails, nothing is touched. Its lines know the
 * service by HOMELAB_SERVICE and HOMELAB_SERVICE_DIR.
 */
export async function runBefore(
  task: TaskRecipe,
  recipe: ServiceRecipe,
  { book, env }: { readonly book: Book; readonly env: Readonly<Record<string, string | undefined>> },
  { context, redact }: Pick<ChangeRequest, "context" | "redact">,
): Promise<Failure | undefined> {
  context.progress("changing", `${task.name}, before the update`);
  const options = {
    leaveBehind: true,
    redact,
    cwd: book.root,
    env: {
      ...env,
      HOMELAB_ROOT: book.root,
      HOMELAB_SERVICE: recipe.name,
      HOMELAB_SERVICE_DIR: recipe.path,
      [RUN_VARIABLE]: insideOf(env[RUN_VARIABLE], process.pid),
    },
  };
  const lines = async (all: readonly string[], deadline: () => number, signal?: AbortSignal) => {
    for (const line of all) {
      const result = await runLine(line, { ...options, deadline: deadline(), signal });
      if (result.exitCode === 0) continue;
      if (result.cancelled || context.stop.aborted) {
        return failure("interrupted", `broken off during ${lineName(redact(line))}; nothing was changed`);
      }
      const how = result.timedOut
        ? "did not end in time"
        : result.exitCode === null
          ? `was ended by ${result.signal}`
          : `exited with code ${result.exitCode}`;
      return {
        ...failure(
          "before-update",
          `not updated: ${lineName(redact(line))} of the task \`${task.name}\`, which comes before, ${how}`,
          "what ran before runs on; correct the task, or take `before_update` out of the recipe",
        ),
        log: outputTail(result, LOG_LINES),
      };
    }
    return undefined;
  };
  const failed = await lines(task.run, context.remaining, context.stop);
  const last = await lines(task.finally, () => Math.max(context.remaining(), FINALLY_MS));
  return failed ?? last;
}
