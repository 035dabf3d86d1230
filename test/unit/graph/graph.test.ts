import { describe, expect, test } from "bun:test";
import { closure, findCycle, type Graph, softEdges, topologicalOrder } from "../../../src/graph/graph.ts";
import { randomFrom } from "../random.ts";
import { graph } from "./graphs.ts";

const all = (of: Graph) => new Set(of.keys());

describe("closure() of", () => {
  const media = graph("vpn", "index: vpn", "shows: index media", "media", "films: index", "db");
  test.each([
    ["nothing", [], []],
    ["a leaf", ["vpn"], ["vpn"]],
    ["a chain", ["index"], ["index", "vpn"]],
    ["a target with two needs", ["shows"], ["shows", "media", "index", "vpn"]],
    ["targets that share needs", ["films", "shows"], ["films", "index", "vpn", "shows", "media"]],
    ["a target named twice", ["db", "db"], ["db"]],
    ["an unknown target", ["nobody", "db"], ["db"]],
  ])("%s", (_, targets, want) => expect([...closure(media, targets)]).toEqual(want));

  test("a need that is not in the graph leaves it out", () => {
    expect([...closure(graph("a: ghost"), ["a"])]).toEqual(["a"]);
  });

  test("a cycle ends", () => {
    expect([...closure(graph("a: b", "b: a"), ["a"])]).toEqual(["a", "b"]);
  });
});

describe("topologicalOrder()", () => {
  test.each([
    ["keeps the order of the graph where nothing else asks", graph("c", "a", "b"), "c a b"],
    ["puts needs first", graph("a: b", "b: c", "c"), "c b a"],
    [
      "goes through a diamond once",
      graph("top: left right", "left: base", "right: base", "base"),
      "base left right top",
    ],
    ["takes needs in the order in which they are written", graph("a: z y", "y", "z"), "z y a"],
    ["puts soft edges first when both ends are there", graph("a: ~b", "b"), "b a"],
    ["lets needs win over soft edges", graph("a: ~b", "b: a"), "a b"],
    ["lets the first of two opposite soft edges win", graph("a: ~b", "b: ~a"), "b a"],
    ["drops a soft edge that would close a longer circle", graph("a: ~c", "b: a", "c: b"), "a b c"],
    ["drops the soft edge that closes a circle of soft edges", graph("a: ~b", "b: ~c", "c: ~a"), "c b a"],
    ["ignores needs outside of the names", graph("a: ghost"), "a"],
    ["ignores soft edges outside of the names", graph("a: ~ghost", "b"), "a b"],
    ["ignores a soft edge to itself", graph("a: ~a"), "a"],
  ])("%s", (_, of, want) => expect(topologicalOrder(of, all(of)).join(" ")).toBe(want));

  test("orders only the names that are asked for", () => {
    expect(topologicalOrder(graph("a: b", "b: c", "c", "d"), new Set(["a", "c"]))).toEqual(["a", "c"]);
  });

  test("does not depend on the order of the names (checklist 24)", () => {
    const of = graph("a: c", "b", "c", "d: b ~a");
    const names = ["d", "c", "b", "a"];
    expect(topologicalOrder(of, new Set(names))).toEqual(topologicalOrder(of, new Set(names.reverse())));
  });
});

describe("softEdges() of", () => {
  test.each([
    ["both ends there", graph("a: ~b", "b"), [["a", ["b"]]]],
    [
      "several",
      graph("a: ~b ~c", "b", "c: ~b"),
      [
        ["a", ["b", "c"]],
        ["c", ["b"]],
      ],
    ],
    ["one end missing", graph("a: ~ghost"), []],
    ["a conflict with a need", graph("a: ~b", "b: a"), []],
    ["a conflict with a need over several steps", graph("a: ~c", "b: a", "c: b"), []],
    ["a conflict with each other", graph("a: ~b", "b: ~a"), [["a", ["b"]]]],
    ["the same as a need", graph("a: b ~b", "b"), [["a", ["b"]]]],
  ] as [string, Graph, [string, string[]][]][])("%s", (_, of, want) =>
    expect([...softEdges(of, all(of))]).toEqual(want),
  );
});

describe("findCycle() finds", () => {
  test.each([
    ["nothing in a diamond", graph("a: b c", "b: d", "c: d", "d"), undefined],
    ["nothing in soft circles", graph("a: ~b", "b: ~a"), undefined],
    ["nothing behind an unknown need", graph("a: ghost"), undefined],
    ["a node that needs itself", graph("a: a"), ["a", "a"]],
    ["two that need each other", graph("a: b", "b: a"), ["a", "b", "a"]],
    ["the circle without the way to it", graph("way: a", "a: b", "b: c", "c: a"), ["a", "b", "c", "a"]],
    ["the first of several", graph("x", "a: x b", "b: a", "c: d", "d: c"), ["a", "b", "a"]],
    ["a circle behind a branch that has none", graph("a: b c", "b", "c: d", "d: a"), ["a", "c", "d", "a"]],
  ])("%s", (_, of, want) => expect(findCycle(of)).toEqual(want));
});

type Random = (limit: number) => number;

/** A graph without cycles: needs point to nodes of lower rank, while the nodes stand in any order. */
function randomGraph(random: Random): Graph {
  const size = 1 + random(200);
  const some = (limit: number, below: number) =>
    Array.from({ length: below === 0 ? 0 : random(limit) }, () => `n${random(below)}`);
  const lines = Array.from({ length: size }, (_, rank) => {
    const after = Array.from({ length: random(3) }, () => `~n${random(size)}`);
    return `n${rank}: ${[...some(4, rank), ...after].join(" ")}`;
  });
  for (let at = lines.length - 1; at > 0; at--) {
    const other = random(at + 1);
    [lines[at], lines[other]] = [lines[other] ?? "", lines[at] ?? ""];
  }
  return graph(...lines);
}

/** The place of every name in an order. */
const places = (order: readonly string[]) => new Map(order.map((name, place) => [name, place]));

/** The soft edges one after the other, each unless its end can be walked back to by then. */
function slowSoftEdges(of: Graph, names: ReadonlySet<string>): Map<string, string[]> {
  const accepted = new Map<string, string[]>();
  for (const { name, after } of of.values()) {
    for (const earlier of names.has(name) ? after.filter((each) => names.has(each)) : []) {
      const seen = new Set<string>([earlier]);
      for (const each of seen) {
        for (const need of of.get(each)?.needs ?? []) seen.add(need.name);
        for (const soft of accepted.get(each) ?? []) seen.add(soft);
      }
      if (!seen.has(name)) accepted.set(name, [...(accepted.get(name) ?? []), earlier]);
    }
  }
  return accepted;
}

test("topologicalOrder() of random graphs has every name once, and behind all its needs and soft edges", () => {
  const random = randomFrom(20_261_120);
  const seen = { kept: 0, dropped: 0 };
  for (let round = 0; round < 100; round++) {
    const of = randomGraph(random);
    const names = random(3) === 0 ? closure(of, [`n${random(of.size)}`]) : all(of);
    const order = topologicalOrder(of, names);
    const place = places(order);
    const soft = softEdges(of, names);
    expect(soft).toEqual(slowSoftEdges(of, names));
    const late: string[] = [];
    for (const name of names) {
      const needs = of.get(name)?.needs.map((need) => need.name) ?? [];
      const comesLate = (first: string) => (place.get(first) ?? 0) > (place.get(name) ?? 0);
      late.push(
        ...[...needs, ...(soft.get(name) ?? [])].filter(comesLate).map((first) => `${name} before ${first}`),
      );
      const wanted = (of.get(name)?.after ?? []).filter((each) => names.has(each)).length;
      seen.kept += soft.get(name)?.length ?? 0;
      seen.dropped += wanted - (soft.get(name)?.length ?? 0);
    }
    expect({ late, names: new Set(order), length: order.length }).toEqual({
      late: [],
      names,
      length: names.size,
    });
    expect(topologicalOrder(of, new Set([...names].reverse()))).toEqual(order);
    expect(findCycle(of)).toBeUndefined();
  }
  // Otherwise the generator no longer makes what this test is about.
  expect(seen.kept).toBeGreaterThan(1000);
  expect(seen.dropped).toBeGreaterThan(1000);
});

test("findCycle() of random graphs with one edge turned round is a path along needs that ends where it began", () => {
  const random = randomFrom(20_261_122);
  for (let round = 0; round < 50; round++) {
    const of = new Map(randomGraph(random));
    const [from] = [...of.values()].filter((node) => node.needs.length > 0);
    const target = from?.needs[0]?.name ?? "";
    const node = of.get(target);
    if (!from || !node) continue;
    of.set(target, { ...node, needs: [...node.needs, { name: from.name, when: "healthy" }] });
    const cycle = findCycle(of) ?? [];
    const along = cycle
      .slice(1)
      .every((name, at) => of.get(cycle[at] ?? "")?.needs.some((need) => need.name === name));
    expect({
      along,
      closed: cycle.length > 1 && cycle[0] === cycle.at(-1),
      distinct: new Set(cycle).size,
    }).toEqual({
      along: true,
      closed: true,
      distinct: cycle.length - 1,
    });
  }
});

describe("ten thousand recipes", () => {
  const size = 10_000;
  const chain = graph(
    ...Array.from({ length: size }, (_, at) => `n${at}: ${at + 1 < size ? `n${at + 1}` : ""}`),
  );
  const wide = graph(
    ...Array.from({ length: size }, (_, at) => `n${at}: ${at === 0 ? "" : `n0 n${at >> 1}`} ~n${at ^ 1}`),
  );
  const backwards = graph(...Array.from({ length: size }, (_, at) => `n${at}: ~n${at + 1}`));

  test.each([
    ["in a chain", chain],
    ["in a tree with pairs of opposite soft edges", wide],
    ["in a chain of soft edges against their order", backwards],
  ])("%s are put in order in under half a second", (_, of) => {
    const began = performance.now();
    const names = closure(of, of.keys());
    const order = topologicalOrder(of, names);
    const cycle = findCycle(of);
    const took = performance.now() - began;
    expect({ length: order.length, cycle }).toEqual({ length: size, cycle: undefined });
    expect(took).toBeLessThan(500);
  });
});
