import { expect, test } from "bun:test";
import { troubleWith } from "../../../../src/units/compose/troubles.ts";

test.each([
  ["created", "", undefined],
  ["created", "port is already allocated", "app could not be started before: port is already allocated"],
  ["removing", "", "app is being removed"],
  ["dead", "", "app is dead: it could not be removed"],
  ["dead", "device or resource busy", "app is dead: it could not be removed: device or resource busy"],
  ["running", "", undefined],
])("a container that is %s with the error %j", (Status, error, want) => {
  expect(troubleWith("app", { Status, Error: error })?.text).toBe(want);
});
