import { expect, test } from "bun:test";
import type { MicrovmRecipe, RecipeKind } from "../../../src/book/types.ts";
import { HomelabError } from "../../../src/errors.ts";
import { makeStopPlan, withDependentsOf } from "../../../src/plan/stop.ts";
import type { Driver } from "../../../src/units/driver.ts";
import { bookOf, service } from "../books.ts";

const needs = (name: string) => ({ needs: [{ name, when: "healthy" as const }] });
const vm: MicrovmRecipe = { kind: "microvm", name: "vm1", after: [], ...needs("disk") };
const BOOK = bookOf([service("disk"), vm, service("web", needs("vm1")), service("front", needs("web"))]);

test("what may be stopped with a target is what needs it, and not what it needs", () => {
  expect([...withDependentsOf(BOOK, ["vm1"])].sort()).toEqual(["front", "vm1", "web"]);
});

test("dependents of an engine that is away keep nobody from stopping a target, and are told of", async () => {
  const driver: Pick<Driver, "kind" | "observe" | "admit" | "isUp" | "lenders"> = {
    kind: "microvm",
    observe: async () => {},
    admit: () => {},
    isUp: () => true,
    lenders: async () => new Set(),
  };
  const { plan, warnings, dependents } = await makeStopPlan({
    ...{ book: BOOK, targets: ["vm1"], outright: new Set(["vm1"]), withDependents: true },
    drivers: new Map<RecipeKind, Driver>([["microvm", driver as Driver]]),
    away: new Map([["service", new HomelabError("docker-unavailable", "Docker is not running")]]),
  });
  expect(plan.steps.map(({ id, action }) => [id, action])).toEqual([["vm1", "stop"]]);
  expect(dependents).toEqual([]);
  expect(warnings).toEqual([
    "`front` needs web, and whether it runs cannot be said: Docker is not running",
    "`web` needs vm1, and whether it runs cannot be said: Docker is not running",
  ]);
});
