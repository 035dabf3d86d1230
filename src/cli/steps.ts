import { HomelabError } from "../errors.ts";
import { table } from "../report/table.ts";
import type { SetupState, SetupStep } from "../run/setup/step.ts";
import { confirm } from "./ask.ts";
import { type Context, print } from "./context.ts";

/** A step as it was found. */
export interface Looked {
  readonly step: SetupStep;
  readonly state: SetupState;
}

export interface WorkOptions {
  /** What to type with more rights: "sudo homelab setup". */
  readonly again: string;
  /** Do as well what only became possible by the steps before it, and was not to be done when it was asked about. */
  readonly alsoNew?: boolean;
}

/** Looks at steps in their order; nothing is changed. */
export async function look(steps: readonly SetupStep[]): Promise<Looked[]> {
  const looked: Looked[] = [];
  for (const step of steps) looked.push({ step, state: await step.look() });
  return looked;
}

/**
 * Shows what is right and what is to be done, and does it after a confirmation, unless it is a dry run. Returns the
 * steps as they are in the end. Throws `permission` when root is needed, before anything is done.
 */
export async function workThrough(
  context: Context,
  steps: readonly SetupStep[],
  { again, alsoNew = false }: WorkOptions,
): Promise<Looked[]> {
  const { options } = context;
  const looked = await look(steps);
  const open = looked.filter(({ state }) => state.is === "to do");
  if (!options.json && (open.length > 0 || !options.quiet)) print(checklist(looked, context));
  if (options.dryRun || open.length === 0) return looked;
  requireRights(open, again);
  await confirm(context, {
    effects: open.map(({ step }) => step.what),
    text: `Do ${open.length === 1 ? "it" : "these"} now?`,
  });
  const wanted = new Set(open.map(({ step }) => step.id));
  return doAll(context, steps, (step) => alsoNew || wanted.has(step.id));
}

/** Does steps in their order. Each is looked at again before and after: one may have done the work of another. */
async function doAll(
  context: Context,
  steps: readonly SetupStep[],
  isWanted: (step: SetupStep) => boolean,
): Promise<Looked[]> {
  const done: Looked[] = [];
  for (const step of steps) {
    const before = await step.look();
    if (before.is !== "to do" || !isWanted(step)) {
      done.push({ step, state: before });
      continue;
    }
    await step.apply();
    const state = await step.look();
    done.push({ step, state });
    if (state.is === "to do") {
      throw new HomelabError("step-failed", `${step.what}: still to be done (${state.why})`, {
        hint: "run it again: what was done is left alone",
      });
    }
    if (!context.options.quiet && !context.options.json) print(`done  ${step.what}\n`);
  }
  return done;
}

function requireRights(open: readonly Looked[], again: string): void {
  if (process.getuid?.() === 0) return;
  const needing = open.filter(({ step }) => step.root);
  if (needing.length === 0) return;
  const what = needing.map(({ step }) => step.what).join("; ");
  throw new HomelabError("permission", `root is needed to: ${what}`, {
    hint: `run it again as \`${again}\``,
  });
}

function checklist(looked: readonly Looked[], { out: s }: Context): string {
  const paint = { ok: s.green, "to do": s.yellow, "not here": s.dim };
  const rows = looked.map(({ step, state }) => [paint[state.is](state.is), step.what, s.dim(state.why)]);
  return table(rows, { style: s });
}

/** Steps for a JSON document. */
export const stepsDocument = (looked: readonly Looked[]) =>
  looked.map(({ step, state }) => ({ id: step.id, what: step.what, state: state.is, why: state.why }));
