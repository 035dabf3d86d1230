import { moveLine } from "../../nix/lock.ts";
import type { RunReport, StepReport } from "../../plan/types.ts";
import { runDocument } from "../../report/json.ts";
import { deployHosts } from "../../run/host/deploy.ts";
import { type FlakeUpdate, lookForUpdates, WRITE, writeUpdate } from "../../run/host/update.ts";
import { conclude } from "../../run/steps.ts";
import type { Context } from "../context.ts";
import { asker, withinOf } from "../host/work.ts";
import { runLocked, type Session } from "../session.ts";
import type { UpdateOptions } from "../update.ts";
import { showUpdate } from "./preview.ts";
import { type Asked, lookRequest, openHostsAndInputs, times, updateDocument, withPlace } from "./work.ts";

/** Asks whether to deploy. `done` takes what it did for that. Throws when not. */
export type Confirm = (
  lines: readonly string[],
  about: {
    readonly session: Session;
    readonly update: FlakeUpdate;
    readonly began: number;
    readonly done: StepReport[];
  },
) => Promise<void>;

export async function run(context: Context, words: string[], options: UpdateOptions): Promise<void> {
  const within = withinOf(options.within);
  const asked = await openHostsAndInputs(context, words);
  if (context.options.dryRun) return void (await showUpdate(context, asked));
  await updateSystems(context, asked, {
    within,
    confirm: (lines, { session }) => asker(session, questionFor(asked))(lines),
  });
}

export const questionFor = ({ works }: Asked): string =>
  `Deploy to ${works.map(({ recipe }) => recipe.name).join(", ")}?`;

/**
 * Deploys what newer inputs come to, and takes them into flake.lock once all hosts run it. Until then flake.lock is not
 * touched at all: whatever happens, it never has to be put back.
 */
export async function updateSystems(
  context: Context,
  asked: Asked,
  options: {
    readonly within: number | undefined;
    /** Whether the systems are evaluated with the inputs that they have, too. */
    readonly evaluates?: boolean;
    readonly confirm: Confirm;
    /** More of the document. */
    readonly document?: () => object;
  },
): Promise<void> {
  const { root, works } = asked;
  const names = options.evaluates ? works.map(({ recipe }) => recipe.name) : [];
  let update: FlakeUpdate | undefined;
  let report: RunReport | undefined;
  const written = () => report?.steps.some(({ id, result }) => id === WRITE && result === "changed") ?? false;
  const body = async (session: Session, place: string): Promise<RunReport> => {
    const { at, began } = times();
    const request = lookRequest(session, asked, place);
    const looked = await lookForUpdates(request, began, names);
    const found = looked.update;
    update = found;
    if (!found) return conclude(session, root, looked.steps, { at, began });
    for (const move of found.moves) session.listener.message(moveLine(move));
    const done = [...looked.steps];
    return deployHosts({
      ...session,
      ...asked,
      lock: found.file,
      goal: "switch",
      order: { stages: asked.stages, canaries: [] },
      within: options.within,
      prologue: done,
      times: { at, began },
      confirm: (lines) => options.confirm(lines, { session, update: found, began, done }),
      finish: () => writeUpdate(request, found, began),
    });
  };
  try {
    await withPlace((place) =>
      runLocked(
        context,
        root,
        async (session) => {
          report = await body(session, place);
          return report;
        },
        (each) => ({
          ...runDocument(each),
          ...updateDocument(asked, update, written()),
          ...options.document?.(),
        }),
      ),
    );
  } finally {
    if (update && update.moves.length > 0 && !written()) tellUntouched(context, asked, report);
  }
}

/** Says that flake.lock is what it was, and which hosts run more than that. */
function tellUntouched(
  { messages, options }: Context,
  { works }: Asked,
  report: RunReport | undefined,
): void {
  if (options.json) return;
  const steps = report?.steps ?? [];
  // When it could not be replaced, it may be somebody else's by now.
  if (steps.every(({ id }) => id !== WRITE)) messages.info("flake.lock is as it was");
  const names = new Set(works.map(({ recipe }) => recipe.name));
  const ahead = steps.flatMap(({ id, result }) => (names.has(id) && result === "changed" ? [id] : []));
  for (const name of ahead)
    messages.warn(
      `${name} runs what comes of the newer inputs, which flake.lock does not have: \`homelab host rollback ${name}\` puts it back`,
    );
}
