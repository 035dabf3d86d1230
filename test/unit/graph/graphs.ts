import type { When } from "../../../src/book/types.ts";
import type { Graph, GraphNode } from "../../../src/graph/graph.ts";

/**
 * A graph from lines, in their order: "b: a c/started ~d" needs `a` and `c` (when started), and comes after `d`.
 */
export function graph(...lines: string[]): Graph {
  return new Map(lines.map(node).map((each) => [each.name, each]));
}

function node(line: string): GraphNode {
  const [name = "", rest = ""] = line.split(":");
  const words = rest.split(" ").filter(Boolean);
  return {
    name,
    needs: words.filter((word) => !word.startsWith("~")).map(need),
    after: words.filter((word) => word.startsWith("~")).map((word) => word.slice(1)),
  };
}

function need(word: string): { name: string; when: When } {
  const [name = "", when = "healthy"] = word.split("/");
  return { name, when: when as When };
}
