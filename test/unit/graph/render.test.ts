import { expect, test } from "bun:test";
import { edgesOf, renderDot, renderMermaid, renderTree, reverse } from "../../../src/graph/render.ts";
import { style } from "../../../src/report/style.ts";
import { graph } from "./graphs.ts";

const plain = style(false);
const media = edgesOf(
  graph("vpn", "index: vpn", "shows: index media/started", "media", "films: index", "alone"),
);

test("renderTree() draws a tree for everything that nothing needs", () => {
  expect(renderTree(media, undefined, plain)).toBe(`shows
├─ index
│  └─ vpn
└─ media (started)
films
└─ index …
alone
`);
});

test("renderTree() draws what was drawn before without its needs, and leaves without a mark", () => {
  const edges = edgesOf(
    graph("top: left right leaf", "left: base leaf", "right: base leaf", "base: leaf", "leaf"),
  );
  expect(renderTree(edges, undefined, plain)).toBe(`top
├─ left
│  ├─ base
│  │  └─ leaf
│  └─ leaf
├─ right
│  ├─ base …
│  └─ leaf
└─ leaf
`);
});

test("renderTree() begins with the roots that are asked for", () => {
  expect(renderTree(media, ["index", "alone"], plain)).toBe("index\n└─ vpn\nalone\n");
});

test("renderTree() of reversed edges shows who needs what", () => {
  expect(renderTree(reverse(media), ["vpn", "media"], plain)).toBe(`vpn
└─ index
   ├─ shows
   └─ films
media
└─ shows (started)
`);
});

test("renderTree() dims what is no name", () => {
  const edges = edgesOf(graph("a: b/completed c", "b: d", "c: b", "d"));
  expect(renderTree(edges, undefined, style(true))).toBe(
    "a\n├─ b\x1b[2m (completed)\x1b[22m\n│  └─ d\n└─ c\n   └─ b\x1b[2m …\x1b[22m\n",
  );
});

test("renderTree() of nothing is empty", () => expect(renderTree(new Map(), undefined, plain)).toBe(""));

test("renderTree() leaves out needs that are not among the edges", () => {
  expect(renderTree(edgesOf(graph("a: ghost b", "b")), undefined, plain)).toBe("a\n└─ b\n");
});

test("renderTree() of a chain of five thousand does not overflow", () => {
  const chain = graph(...Array.from({ length: 5000 }, (_, at) => `n${at}: ${at < 4999 ? `n${at + 1}` : ""}`));
  expect(renderTree(edgesOf(chain), undefined, plain).trimEnd().split("\n").length).toBe(5000);
});

test("renderMermaid() points from what is needed", () => {
  expect(renderMermaid(media)).toBe(`flowchart LR
  vpn
  vpn --> index
  index --> shows
  media -->|started| shows
  media
  index --> films
  alone
`);
});

test("renderMermaid() gives a recipe that is called like a word of Mermaid another node", () => {
  expect(renderMermaid(edgesOf(graph("end", "style: end")))).toBe(`flowchart LR
  end_["end"]
  end_["end"] --> style_["style"]
`);
});

test("renderDot() points from what is needed", () => {
  expect(renderDot(media)).toBe(`digraph homelab {
  rankdir=LR;
  "vpn";
  "vpn" -> "index";
  "index" -> "shows";
  "media" -> "shows" [label="started"];
  "media";
  "index" -> "films";
  "alone";
}
`);
});

test.each([
  ["a circle from its first", ["a: b", "b: c", "c: a"], "a\n└─ b\n   └─ c\n      └─ a …\n"],
  ["what leads into a circle first", ["a: b", "b: a", "top: b"], "top\n└─ b\n   └─ a\n      └─ b …\n"],
  ["a recipe that needs itself", ["alone", "a: a"], "alone\na\n└─ a …\n"],
])("renderTree() draws %s (checklist 28)", (_, lines, want) => {
  expect(renderTree(edgesOf(graph(...lines)), undefined, plain)).toBe(want);
});
