import { expect, test } from "bun:test";
import { commandId, isAwaited, rememberTold, type Told, toldOf } from "../../../src/store/notices.ts";
import { Store } from "../../../src/store/store.ts";
import { temporary } from "../temporary.ts";

const open = (dir: string) =>
  Store.open({ HOMELAB_STATE_DIR: dir }, (text) => {
    throw new Error(`unexpected warning: ${text}`);
  });
const failed = (id: string, since = 1): Told => ({ kind: "failed", id, code: "not-ready", since });

test("what a channel knows is kept by root and channel, and replaced as a whole", () => {
  using dir = temporary();
  const store = open(dir.path);
  expect(toldOf(store, "/r")).toEqual(new Map());
  const owed: Told = { kind: "owed", id: "r1", code: "", since: 3 };
  rememberTold(store, "/r", "slack", [failed("b", 2), failed("a"), owed]);
  rememberTold(store, "/r", "mail", [failed("a")]);
  rememberTold(store, "/other", "mail", [failed("z")]);
  expect(toldOf(store, "/r")).toEqual(
    new Map([
      ["mail", [failed("a")]],
      ["slack", [failed("a"), failed("b", 2), owed]],
    ]),
  );
  rememberTold(store, "/r", "slack", [failed("b", 2)]);
  rememberTold(store, "/r", "mail", []);
  expect(toldOf(store, "/r")).toEqual(new Map([["slack", [failed("b", 2)]]]));
  expect(toldOf(store, "/other").size).toBe(1);
  store.close();
});

test("a run is awaited by those who were told of its steps, and by those who are owed something", () => {
  using dir = temporary();
  const store = open(dir.path);
  const awaited = (...ids: string[]) => isAwaited(store, "/r", new Set(ids));
  expect(awaited("a")).toBe(false);
  rememberTold(store, "/r", "slack", [failed("a"), failed(commandId("ensure all"))]);
  expect([awaited("b"), awaited("b", "a"), awaited("homelab ensure all")]).toEqual([false, true, true]);
  rememberTold(store, "/r", "mail", [{ kind: "owed", id: "r1", code: "", since: 1 }]);
  expect(awaited("b")).toBe(true);
  store.close();
});
