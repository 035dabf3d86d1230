import type { When } from "../book/types.ts";
import type { Graph } from "./graph.ts";

/** Edges by the node they leave, in the order of the graph. */
export type Edges = ReadonlyMap<string, readonly { readonly to: string; readonly when: When }[]>;

export function edgesOf(graph: Graph): Edges {
  return new Map(
    [...graph].map(([name, node]) => [name, node.needs.map(({ name: to, when }) => ({ to, when }))]),
  );
}

/** The same edges the other way round. */
export function reverse(edges: Edges): Edges {
  const result = new Map([...edges.keys()].map((name) => [name, [] as { to: string; when: When }[]]));
  for (const [from, targets] of edges)
    for (const { to, when } of targets) result.get(to)?.push({ to: from, when });
  return result;
}

/**
 * A tree per root. What was drawn with all its needs already is drawn again without them and with a mark, so that
 * the size stays that of the graph. `roots`: default all nodes that nothing points to, and of a circle, which has
 * none, the first.
 */
export function renderTree(
  edges: Edges,
  roots: readonly string[] | undefined,
  s: { dim(text: string): string },
): string {
  const pointedTo = new Set([...edges.values()].flatMap((targets) => targets.map((edge) => edge.to)));
  const tops = roots ?? [...edges.keys()].filter((name) => !pointedTo.has(name));
  const drawn = new Set<string>();
  const lines: string[] = [];
  // An explicit stack: a chain of ten thousand recipes is no reason to overflow the other one.
  const root = (name: string) => ({ name, prefix: "", branch: "", when: "healthy" as When });
  const stack = tops.map(root).reverse();
  const left = roots ? [] : [...edges.keys()].reverse();
  const nextLeft = () => {
    for (let name = left.pop(); name !== undefined; name = left.pop())
      if (!drawn.has(name)) return root(name);
    return undefined;
  };
  for (let top = stack.pop() ?? nextLeft(); top; top = stack.pop() ?? nextLeft()) {
    const { name, prefix, branch, when } = top;
    const children = (edges.get(name) ?? []).filter((edge) => edges.has(edge.to));
    const again = drawn.has(name) && children.length > 0;
    const note = when === "healthy" ? "" : s.dim(` (${when})`);
    lines.push(`${prefix}${branch}${name}${note}${again ? s.dim(" …") : ""}`);
    if (again) continue;
    drawn.add(name);
    const inner = branch === "" ? prefix : prefix + (branch === "└─ " ? "   " : "│  ");
    const next = children.map((edge, index) => ({
      name: edge.to,
      prefix: inner,
      branch: index === children.length - 1 ? "└─ " : "├─ ",
      when: edge.when,
    }));
    stack.push(...next.reverse());
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** A Mermaid flow chart; what is needed points to what needs it. */
export function renderMermaid(edges: Edges): string {
  const lines = [...edges].flatMap(([from, targets]) =>
    targets.length === 0
      ? [`  ${mermaidNode(from)}`]
      : targets.map(
          ({ to, when }) =>
            `  ${mermaidNode(to)} -->${when === "healthy" ? "" : `|${when}|`} ${mermaidNode(from)}`,
        ),
  );
  return `flowchart LR\n${lines.map((line) => `${line}\n`).join("")}`;
}

/** Words of Mermaid's own that a recipe may be called. */
const MERMAID_WORDS = new Set([
  "end",
  "graph",
  "subgraph",
  "flowchart",
  "style",
  "click",
  "class",
  "default",
]);

function mermaidNode(name: string): string {
  return MERMAID_WORDS.has(name) ? `${name}_["${name}"]` : name;
}

/** A Graphviz graph; what is needed points to what needs it. */
export function renderDot(edges: Edges): string {
  const lines = [...edges].flatMap(([from, targets]) =>
    targets.length === 0
      ? [`  "${from}";`]
      : targets.map(
          ({ to, when }) => `  "${to}" -> "${from}"${when === "healthy" ? "" : ` [label="${when}"]`};`,
        ),
  );
  return `digraph homelab {\n  rankdir=LR;\n${lines.map((line) => `${line}\n`).join("")}}\n`;
}
