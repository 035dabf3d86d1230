import { expect, test } from "bun:test";
import { exitOf, summaryOf } from "../../../../src/cli/vm/list-summary.ts";
import type { ErrorCode } from "../../../../src/errors.ts";

type View = Parameters<typeof summaryOf>[0][number];
const view = (state: View["seen"]["state"], more: Partial<View> = {}): View => ({
  asked: true,
  memory: undefined,
  pending: undefined,
  ...more,
  seen: { state },
});

test.each<[what: string, views: View[], text: string]>([
  ["none", [], "0 MicroVMs, 0 ready"],
  ["one that is ready", [view("ready", { memory: 220e6 })], "1 MicroVM, 1 ready with 220 MB"],
  [
    "some that wait for something",
    [
      view("ready", { memory: 1e9, pending: "restart" }),
      view("stopped", { pending: "start" }),
      view("stopped", { pending: "start" }),
      view("missing", { pending: "build" }),
    ],
    "4 MicroVMs, 1 ready with 1.0 GB, 1 to build (`homelab vm update NAME`), 1 to restart (`homelab vm restart NAME`), 2 to start (`homelab vm start NAME`)",
  ],
  ["a host that is away", [view("failed", { asked: false })], "1 MicroVM, 0 ready, 1 not reachable"],
])("%s", (_, views, text) => {
  expect(summaryOf(views)).toBe(text);
});

const silent = (code: ErrorCode) => ({ asked: false, seen: { problem: { code } } });
const heard = { asked: true, seen: {} };

test.each<[what: string, views: Parameters<typeof exitOf>[0], exit: number]>([
  ["none", [], 0],
  ["a host that answers beside one that does not", [silent("unavailable"), heard], 0],
  ["no host answers", [silent("unavailable"), silent("unavailable")], 69],
  ["none lets us in", [silent("permission")], 77],
  ["one is away, and the other does not let us in", [silent("permission"), silent("unavailable")], 69],
])("the exit code of a list: %s", (_, views, exit) => {
  expect(exitOf(views)).toBe(exit);
});
