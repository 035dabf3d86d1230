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

/** For every node of `names`, who of `names` needs it, in order. */
export function dependents(graph: Graph, names: ReadonlySet<string>): Map<string, string[]> {
  const result = new Map<string, string[]>([...names].map((name) => [name, []]));
  for (const name of names) {
    for (const need of graph.get(name)?.needs ?? []) result.get(need.name)?.push(name);
  }
  return result;
}

/**
 * The `after` edges that hold among `names`: those of which both ends are there, less those that would close a
 * circle with needs or with soft edges taken earlier (needs win; the order of the graph decides among the rest).
 */
export function softEdges(graph: Graph, names: ReadonlySet<string>): Map<string, string[]> {
  const accepted = new Map<string, string[]>();
  const reaches = (from: string, to: string): boolean => {
    const seen = new Set<string>();
    const stack = [from];
    for (let name = stack.pop(); name !== undefined; name = stack.pop()) {
      if (name === to) return true;
      if (seen.has(name)) continue;
      seen.add(name);
      for (const need of graph.get(name)?.needs ?? []) stack.push(need.name);
      stack.push(...(accepted.get(name) ?? []));
    }
    return false;
  };
  for (const name of graph.keys()) {
    if (!names.has(name)) continue;
    for (const earlier of graph.get(name)?.after ?? []) {
      if (!names.has(earlier) || reaches(earlier, name)) continue;
      accepted.set(name, [...(accepted.get(name) ?? []), earlier]);
    }
  }
  return accepted;
}

/**
 * `names` in an order in which everything comes after what it needs and after its soft edges. The same graph
 * and names always give the same order: what is free to go keeps the order of the graph.
 * Hard cycles must have been refused before (see `findCycle`).
 */
export function topologicalOrder(graph: Graph, names: ReadonlySet<string>): string[] {
  const soft = softEdges(graph, names);
  const order: string[] = [];
  const entered = new Set<string>();
  const stack: { name: string; edges: string[] }[] = [];
  const enter = (name: string) => {
    entered.add(name);
    const needs = graph.get(name)?.needs.map((need) => need.name) ?? [];
    const edges = [...needs, ...(soft.get(name) ?? [])].filter((edge) => names.has(edge));
    stack.push({ name, edges: edges.reverse() });
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
