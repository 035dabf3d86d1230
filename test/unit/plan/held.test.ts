import { expect, test } from "bun:test";
import type { Recipe } from "../../../src/book/types.ts";
import { heldDetail } from "../../../src/plan/held.ts";

const recipe = (name: string, ...needs: string[]) =>
  ({
    name,
    kind: "unit",
    needs: needs.map((need) => ({ name: need, when: "healthy" })),
  }) as unknown as Recipe;
const WEB = recipe("web", "vm");
const recipes = new Map([WEB, recipe("vm", "disk"), recipe("disk")].map((each) => [each.name, each]));
const hold = { at: 0, command: "stop" };

test.each<[string, string[], string[], string | undefined]>([
  ["nothing is held", [], ["web", "vm", "disk"], undefined],
  ["a need is held and down", ["vm"], ["web", "vm"], "needs vm, which is held"],
  ["a need is held, and yet up or not known to be down", ["vm"], ["web"], undefined],
  ["a need of a need is", ["disk"], ["web", "vm", "disk"], "needs vm, which is held"],
  ["a need of a need is, but what lies between is up", ["disk"], ["web", "disk"], undefined],
])("%s", (_, held, down, detail) => {
  const holds = { get: (name: string) => (held.includes(name) ? hold : undefined) };
  expect(heldDetail(WEB, { recipes }, holds, (name) => down.includes(name))).toBe(detail as string);
});
