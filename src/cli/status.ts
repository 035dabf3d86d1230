import { expandTarget } from "../graph/targets.ts";
import type { Style } from "../report/style.ts";
import { table } from "../report/table.ts";
import { HoldBook } from "../store/held.ts";
import { Store } from "../store/store.ts";
import type { State } from "../units/status.ts";
import { openBook, targetsOf } from "./book.ts";
import { makeCommand } from "./command.ts";
import { print, printJson } from "./context.ts";
import { connect } from "./engine.ts";
import { type Inspected, inspect, referHosts } from "./inspect.ts";

export default makeCommand({
  name: "status",
  description:
    "Says of every service, unit and MicroVM whether it is ready, and if not, what it is. Exits with 3 when not all are ready.",
  usage: "[TARGET…]",
  words: { min: 0, max: Number.POSITIVE_INFINITY, label: "" },
  args: {},
  examples: [
    ["homelab status", "everything that is here"],
    ["homelab status media", "a group"],
    ["homelab status --quiet || homelab ensure all", "for scripts: only the exit code"],
  ],
  async run(context, words) {
    const book = await openBook(context);
    const targets = words.length === 0 ? (expandTarget(book, "all") ?? []) : targetsOf(book, words);
    const hosts = targets.filter((name) => book.recipes.get(name)?.kind === "host");
    if (hosts.length > 0 && hosts.length === targets.length)
      return (await import("./host/status.ts")).run(context, hosts);
    referHosts(context, book, hosts);
    const store = Store.openReadonly(context.env, (text) => context.messages.warn(text));
    const engine = await connect(context, book, store, targets);
    const holds = new HoldBook(context.env, book.root);
    const inspected = [...(await inspect(book, engine, targets, holds, context.env)).values()];
    engine.close();
    store.close();
    if (context.options.json) printJson({ version: 1, root: book.root, recipes: inspected.map(document) });
    else if (!context.options.quiet) print(text(inspected, context.out));
    if (inspected.some(({ state }) => state !== "ready")) context.exitCode = 3;
  },
});

/** The colour of each state. */
export const statePaint = (s: Style): Readonly<Record<State, (text: string) => string>> => ({
  ready: s.green,
  starting: s.yellow,
  unhealthy: s.red,
  stopped: s.yellow,
  held: s.blue,
  missing: s.yellow,
  failed: s.red,
});

function text(inspected: readonly Inspected[], s: Style): string {
  if (inspected.length === 0) return "nothing here\n";
  const paint = statePaint(s);
  const rows = inspected.map(({ id, state, detail }) => [id, paint[state](state), detail]);
  const ready = inspected.filter(({ state }) => state === "ready").length;
  const others = inspected.length - ready;
  return `${table(rows, { style: s })}${ready} ready${others > 0 ? `, ${others} not: \`homelab why NAME\` says why` : ""}\n`;
}

function document({ id, kind, state, detail, view }: Inspected) {
  return {
    id,
    kind,
    state,
    detail,
    project: view?.project ?? null,
    containers: (view?.containers ?? []).map((container) => ({
      id: container.id,
      name: container.name,
      service: container.service,
      state: container.state,
      health: container.health,
      image: container.image,
      status: container.status,
    })),
  };
}
