import { closure } from "../graph/graph.ts";
import { type Edges, edgesOf, renderDot, renderMermaid, renderTree, reverse } from "../graph/render.ts";
import { readBook, targetsOf } from "./book.ts";
import { makeCommand } from "./command.ts";
import { print, printJson } from "./context.ts";

export default makeCommand({
  name: "graph",
  description: "Shows what needs what, from the recipes alone.",
  usage: "[TARGET…]",
  words: { min: 0, max: Number.POSITIVE_INFINITY, label: "" },
  args: {
    format: {
      type: "enum",
      options: ["tree", "mermaid", "dot", "json"],
      default: "tree",
      description: "how to draw it",
    },
    reverse: { type: "boolean", description: "what needs the targets, instead of what they need" },
  },
  examples: [
    ["homelab graph sonarr-shows", "what it needs, as a tree"],
    ["homelab graph gluetun --reverse", "what stands or falls with it"],
    ["homelab graph --format mermaid", "for a README"],
    ["homelab graph --format dot | dot -Tsvg > graph.svg", "as a picture"],
  ],
  async run(context, words, { format, reverse: reversed }) {
    const { book, cycle } = await readBook(context);
    if (cycle) context.messages.warn(`recipes need each other in a circle: ${cycle.join(" → ")}`);
    const targets = words.length === 0 ? [...book.recipes.keys()] : targetsOf(book, words);
    const all = edgesOf(book.recipes);
    const edges: Edges = reversed ? reverse(all) : all;
    const names = reversed ? closure(asGraph(edges), targets) : closure(book.recipes, targets);
    const part = new Map([...edges].filter(([name]) => names.has(name)));
    if (context.options.json || format === "json") return printJson(document(part, book.recipes));
    const roots = words.length === 0 ? undefined : targets;
    const render = {
      tree: () => renderTree(part, roots, context.out),
      mermaid: () => renderMermaid(part),
      dot: () => renderDot(part),
    };
    print(render[format as keyof typeof render]());
  },
});

const asGraph = (edges: Edges) =>
  new Map(
    [...edges].map(([name, needs]) => [
      name,
      { name, needs: needs.map(({ to, when }) => ({ name: to, when })), after: [] },
    ]),
  );

function document(edges: Edges, recipes: ReadonlyMap<string, { kind: string }>) {
  return {
    version: 1,
    nodes: [...edges.keys()].map((id) => ({ id, kind: recipes.get(id)?.kind })),
    edges: [...edges].flatMap(([from, to]) => to.map((edge) => ({ from, to: edge.to, when: edge.when }))),
  };
}
