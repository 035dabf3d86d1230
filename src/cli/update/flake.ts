import { moveLine } from "../../nix/lock.ts";
import { runDocument } from "../../report/json.ts";
import { printable } from "../../report/style.ts";
import { type FlakeUpdate, lookForUpdates, writeUpdate } from "../../run/host/update.ts";
import { conclude } from "../../run/steps.ts";
import { type Context, print } from "../context.ts";
import { runLocked } from "../session.ts";
import { lookRequest, openInputs, times, updateDocument, withPlace } from "./work.ts";

/** Takes what is newer of a flake's inputs into its lock file, and shows what that is. */
export async function run(context: Context, inputs: string[]): Promise<void> {
  const asked = await openInputs(context, inputs);
  const { root } = asked;
  const { dryRun, json } = context.options;
  let update: FlakeUpdate | undefined;
  let written = false;
  await withPlace((place) =>
    runLocked(
      context,
      root,
      async (session) => {
        const { at, began } = times();
        const request = lookRequest(session, asked, place);
        const looked = await lookForUpdates(request, began);
        update = looked.update;
        const last = update && !dryRun ? await writeUpdate(request, update, began) : [];
        written = last.some(({ result }) => result === "changed");
        return conclude(session, root, [...looked.steps, ...last], { at, began });
      },
      (report) => ({ ...runDocument(report), ...updateDocument(asked, update, written) }),
    ),
  );
  if (!json && update) print(update.moves.map((each) => `${printable(moveLine(each))}\n`).join(""));
}
