import type { When } from "../book/types.ts";

/** What the graph needs to know of a node; recipes are such nodes. */
export interface GraphNode {
  readonly name: string;
  readonly needs: readonly { readonly name: string; readonly when: When }[];
  readonly after: readonly string[];
}

export type Graph<N extends GraphNode = GraphNode> = ReadonlyMap<string, N>;

/** Names of `targets` and all that they need, directly or not. Unknown names are left out. */
export function closure(graph: Graph, targets: Iterable<string>): Set<string> {
  const seen = new Set<string>();
  const stack = [...targets].reverse();
  for (let name = stack.pop(); name !== undefined; name = stack.pop()) {
    const node = graph.get(name);
    if (!node || seen.has(name)) continue;
    seen.add(name);
    for (const need of node.needs) stack.push(need.name);
  }
  return seen;
}

/**
 * The `after` edges that hold among `names`: those of which both ends are there, less those that would close a
 * circle with needs or with soft edges taken earlier (needs win; the order of the graph decides among the rest).
 */
export function softEdges(graph: Graph, names: ReadonlySet<string>): Map<string, string[]> {
  const accepted = new Map<string, string[]>();
  const wanted: [name: string, earlier: string][] = [];
  for (const { name, after } of graph.values()) {
    if (after.length === 0 || !names.has(name)) continue;
    for (const earlier of after) if (names.has(earlier)) wanted.push([name, earlier]);
  }
  if (wanted.length === 0) return accepted;
  const soft = new Map<string, string[]>();
  for (const [name, earlier] of wanted) soft.set(name, [...(soft.get(name) ?? []), earlier]);
  const knot = knots(graph, (name) => [...needNames(graph, name), ...(soft.get(name) ?? [])]);
  const reaches = (from: string, to: string): boolean => {
    const seen = new Set([from]);
    for (const name of seen) {
      if (name === to) return true;
      for (const edge of [...needNames(graph, name), ...(accepted.get(name) ?? [])]) {
        if (knot.get(edge) === knot.get(to)) seen.add(edge);
      }
    }
    return false;
  };
  for (const [name, earlier] of wanted) {
    if (knot.get(name) === knot.get(earlier) && reaches(earlier, name)) continue;
    accepted.set(name, [...(accepted.get(name) ?? []), earlier]);
  }
  return accepted;
}

/**
 * Names the knot that each node is in: nodes that can be reached from each other are in the same one. A circle never
 * leaves its knot, so most graphs have nothing but knots of one. (Strongly connected components, after Gabow.)
 */
function knots(graph: Graph, edgesOf: (name: string) => string[]): Map<string, string> {
  const knot = new Map<string, string>();
  const entered = new Map<string, number>();
  const open: string[] = [];
  const heads: string[] = [];
  const stack: { name: string; edges: string[] }[] = [];
  const enter = (name: string) => {
    entered.set(name, entered.size);
    open.push(name);
    heads.push(name);
    stack.push({ name, edges: edgesOf(name).filter((edge) => graph.has(edge)) });
  };
  const number = (name: string | undefined) => entered.get(name ?? "") ?? -1;
  const leave = (name: string) => {
    if (heads.at(-1) !== name) return;
    heads.pop();
    for (const member of open.splice(open.lastIndexOf(name))) knot.set(member, name);
  };
  const follow = (edge: string) => {
    if (!entered.has(edge)) enter(edge);
    else if (!knot.has(edge)) while (number(heads.at(-1)) > number(edge)) heads.pop();
  };
  for (const start of graph.keys()) {
    if (!entered.has(start)) enter(start);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const edge = top.edges.pop();
      if (edge !== undefined) follow(edge);
      else {
        stack.pop();
        leave(top.name);
      }
    }
  }
  return knot;
}

/**
 * `names` in an order in which everything comes after what it needs and after its soft edges. The same graph
 * and names always give the same order: what is free to go keeps the order of the graph.
 * Hard cycles must have been refused before (see `findCycle`).
 */
export function topologicalOrder(graph: Graph, names: ReadonlySet<string>): string[] {
  const soft = softEdges(graph, names);
  return depthFirst(graph, names, (name) => [...needNames(graph, name), ...(soft.get(name) ?? [])]);
}

const needNames = (graph: Graph, name: string): string[] =>
  graph.get(name)?.needs.map((need) => need.name) ?? [];

/** `names` in the order of the graph, each after those of them that its edges lead to. */
function depthFirst(graph: Graph, names: ReadonlySet<string>, edgesOf: (name: string) => string[]): string[] {
  const order: string[] = [];
  const entered = new Set<string>();
  const stack: { name: string; edges: string[] }[] = [];
  const enter = (name: string) => {
    entered.add(name);
    stack.push({
      name,
      edges: edgesOf(name)
        .filter((edge) => names.has(edge))
        .reverse(),
    });
  };
  for (const start of graph.keys()) {
    if (!names.has(start) || entered.has(start)) continue;
    enter(start);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const edge = top.edges.pop();
      if (edge === undefined) {
        order.push(top.name);
        stack.pop();
      } else if (!entered.has(edge)) enter(edge);
    }
  }
  return order;
}

/** The first cycle of hard needs, as a path that ends where it began: `[a, b, a]`. */
export function findCycle(graph: Graph): string[] | undefined {
  const done = new Set<string>();
  for (const start of graph.keys()) {
    if (done.has(start)) continue;
    const path: string[] = [];
    const onPath = new Set<string>();
    const stack: { name: string; next: number }[] = [{ name: start, next: 0 }];
    path.push(start);
    onPath.add(start);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const need = graph.get(top.name)?.needs[top.next++];
      if (!need) {
        done.add(top.name);
        onPath.delete(top.name);
        path.pop();
        stack.pop();
      } else if (onPath.has(need.name)) {
        return [...path.slice(path.indexOf(need.name)), need.name];
      } else if (!done.has(need.name) && graph.has(need.name)) {
        stack.push({ name: need.name, next: 0 });
        path.push(need.name);
        onPath.add(need.name);
      }
    }
  }
  return undefined;
}
