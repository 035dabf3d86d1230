import { expect, test } from "bun:test";
import { parseHashes, unchanged } from "../../../../src/units/compose/finished.ts";
import type { ContainerView } from "../../../../src/units/compose/observe.ts";
import { view } from "./containers.ts";

const job = (more: Partial<ContainerView> = {}) => view("job", { configHash: "abc", ...more });

test.each<[string, ContainerView[], Map<string, string>, Map<string, string>, string[]]>([
  ["same hash, same image", [job()], new Map([["job", "abc"]]), new Map([["app:1", "sha256:one"]]), ["job"]],
  ["same hash, the image has gone", [job()], new Map([["job", "abc"]]), new Map(), ["job"]],
  ["same hash, a newer image", [job()], new Map([["job", "abc"]]), new Map([["app:1", "sha256:two"]]), []],
  ["another hash", [job()], new Map([["job", "abd"]]), new Map(), []],
  ["one of two another hash", [job(), job({ configHash: "x" })], new Map([["job", "abc"]]), new Map(), []],
  ["no hash on the container", [job({ configHash: "" })], new Map([["job", ""]]), new Map(), []],
  ["no hash of the file", [job()], new Map(), new Map(), []],
])("a one-shot is unchanged with %s", (_, containers, hashes, images, want) => {
  expect(unchanged(containers, ["job"], hashes, images)).toEqual(want);
});

test("parseHashes() reads compose's lines", () => {
  expect([...parseHashes("app 91435c\nmigrate  c0eebb\n\nsomething else here\n")]).toEqual([
    ["app", "91435c"],
    ["migrate", "c0eebb"],
  ]);
});
