import { expect, test } from "bun:test";
import { exitCodeOf } from "../../../src/docker/deaths.ts";

test.each<[Record<string, string>, number | undefined]>([
  [{ exitCode: "0" }, 0],
  [{ exitCode: "137", name: "app" }, 137],
  [{}, undefined],
  [{ exitCode: "" }, undefined],
])("the exit code of an event with %j is %p", (Attributes, want) => {
  expect(exitCodeOf({ Actor: { ID: "id", Attributes } })).toBe(want);
});
