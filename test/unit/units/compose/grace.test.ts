import { expect, test } from "bun:test";
import { graceOf, withGrace } from "../../../../src/units/compose/grace.ts";
import { details } from "./containers.ts";

const container = (name: string, StopTimeout?: number) => {
  const { Config } = details();
  return { Name: `/${name}`, Config: StopTimeout === undefined ? Config : { ...Config, StopTimeout } };
};

test.each([
  ["none", [], "stop"],
  ["what the engine gives everybody", [container("app"), container("db", 10), container("web", 1)], "stop"],
  [
    "the longest of several",
    [container("app", 90), container("db", 300), container("web")],
    "stop (db may take up to 5 min to stop)",
  ],
  [
    "one that is never killed",
    [container("db", 300), container("vm", -1)],
    "stop (vm may take as long as it likes to stop)",
  ],
])("a stop is told with %s", (_, containers, want) =>
  expect(withGrace("stop", graceOf(containers))).toBe(want),
);
