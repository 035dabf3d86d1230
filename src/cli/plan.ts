import type { Book } from "../book/types.ts";
import { makePlan, type PlanRequest } from "../plan/make.ts";
import type { Plan, Step } from "../plan/types.ts";
import { planDocument } from "../report/json.ts";
import { printable, type Style } from "../report/style.ts";
import { table } from "../report/table.ts";
import { HoldBook } from "../store/held.ts";
import { Store } from "../store/store.ts";
import type { VmMode } from "../units/microvm/decide.ts";
import { openBook, type Resolve, resolveWords } from "./book.ts";
import { makeCommand } from "./command.ts";
import { type Context, print, printJson } from "./context.ts";
import { connect } from "./engine.ts";

export default makeCommand({
  name: "plan",
  description: "Shows what ensure would do, step by step, with the reason for each. Changes nothing.",
  usage: "TARGET…",
  words: {
    min: 1,
    max: Number.POSITIVE_INFINITY,
    label: "a target: a service, unit, MicroVM, family or group, or `all`",
  },
  args: {
    force: { type: "boolean", description: "plan as `ensure --force` would" },
    needs: { type: "boolean", default: true, negativeDescription: "only the targets, not what they need" },
    "exit-code": { type: "boolean", description: "exit with 3 when something would be changed" },
  },
  examples: [
    ["homelab plan all", "what `homelab ensure all` would do"],
    ["homelab plan media --exit-code", "for scripts: 3 when something is to be done"],
    ["homelab plan media --json", "the same as data"],
  ],
  async run(context, words, { force, needs, "exit-code": exitCode }) {
    await showPlan(context, { words, force: force === true, withNeeds: needs }, exitCode === true);
  },
});

interface Planned extends Pick<PlanRequest, "force" | "restart" | "withNeeds"> {
  readonly words: readonly string[];
  /** What the words stand for; default: targets. */
  readonly resolve?: Resolve | undefined;
  readonly vms?: VmMode | undefined;
}

/**
 * Plans for the words of a command line and prints the plan. With `signal`, pending changes give exit code 3.
 * `before`: steps that come before those of the services.
 */
export async function showPlan(
  context: Context,
  { words, resolve = resolveWords, vms, ...asked }: Planned,
  signal: boolean,
  before: (store: Store, book: Book, targets: readonly string[]) => Promise<readonly Step[]> = async () => [],
): Promise<void> {
  const book = await openBook(context);
  const { names: targets, outright } = resolve(book, words);
  const store = Store.openReadonly(context.env, (text) => context.messages.warn(text));
  const engine = await connect(context, book, store, targets, { vms });
  const holds = new HoldBook(context.env, book.root);
  const { plan: services, warnings } = await makePlan({
    ...asked,
    book,
    targets,
    outright,
    holds,
    drivers: engine.drivers,
  });
  const plan = { ...services, steps: [...(await before(store, book, targets)), ...services.steps] };
  engine.close();
  store.close();
  for (const warning of warnings) context.messages.warn(warning);
  printPlan(context, plan);
  const pending = plan.steps.some((step) => step.effect !== "read" || step.action === "blocked");
  if (signal && pending) context.exitCode = 3;
}

export function printPlan({ options, out }: Context, plan: Plan): void {
  if (options.json) printJson(planDocument(plan));
  else print(planText(plan, out, options.verbose));
}

/** Reasons of steps that are ready as they are. */
const SETTLED: ReadonlySet<string> = new Set(["up-to-date", "no-services", "down", "rolled-back"]);

function planText(plan: Plan, s: Style, verbose: boolean): string {
  const shown = plan.steps.filter(
    (step) => verbose || step.action !== "none" || step.reason.code !== "up-to-date",
  );
  const rows = shown.map((step) => {
    const paint = step.action === "blocked" ? s.red : step.effect === "read" ? s.dim : s.yellow;
    return [step.id, paint(step.action), printable(step.reason.text)];
  });
  const changes = plan.steps.filter((step) => step.effect !== "read").length;
  const blocked = plan.steps.filter((step) => step.action === "blocked").length;
  const adopted = plan.steps.filter((step) => step.action === "adopt").length;
  const waiting = plan.steps.filter(
    (step) => step.action === "none" && !SETTLED.has(step.reason.code),
  ).length;
  const held = plan.steps.filter((step) => step.action === "held").length;
  const parts = [
    ...(changes > 0 ? [`${changes} to change`] : []),
    ...(adopted > 0 ? [`${adopted} to adopt`] : []),
    ...(blocked > 0 ? [`${blocked} blocked`] : []),
    ...(held > 0 ? [`${held} held`] : []),
    ...(waiting > 0 ? [`${waiting} not ready, to be waited for`] : []),
  ];
  const rest = plan.steps.length - changes - adopted - blocked - waiting - held;
  const summary =
    parts.length === 0
      ? `nothing to do: ${plan.steps.length} ready`
      : `${parts.join(", ")}, ${rest} as they are`;
  return `${table(rows, { style: s })}${summary}\n`;
}
