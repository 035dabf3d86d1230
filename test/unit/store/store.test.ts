import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import type { RunReport } from "../../../src/plan/types.ts";
import { clearIntent, leftIntents, recordIntent } from "../../../src/store/intents.ts";
import { readPins } from "../../../src/store/pins.ts";
import {
  imagesOfReleases,
  latestReleases,
  listReleases,
  type Release,
  recordRelease,
  releaseWith,
} from "../../../src/store/releases.ts";
import { lastNotableRun, newRunId, recentRuns, recordRun, runsNamed } from "../../../src/store/runs.ts";
import { Store, stateDirectory } from "../../../src/store/store.ts";
import { temporary, write } from "../temporary.ts";

const silent = (text: string) => {
  throw new Error(`unexpected warning: ${text}`);
};
const open = (dir: string) => Store.open({ HOMELAB_STATE_DIR: dir }, silent);

const report = (outcome: RunReport["outcome"], run = "r"): RunReport => ({
  run,
  outcome,
  steps: [],
  changed: 0,
  failed: 0,
  durationMs: 1,
});

const release = (image: string, startedAt = 1): Release => ({
  project: "p",
  dir: "/r/services/p",
  manifest: { files: [["compose.yml", "h"]], variables: [] },
  compose: [],
  containers: [
    {
      service: "app",
      id: "c",
      image: "i:1",
      imageId: image,
      kind: "running",
      health: false,
      startedAt,
      restarts: 0,
    },
  ],
});

describe("stateDirectory() is", () => {
  test.each([["the one that is named", { HOMELAB_STATE_DIR: "/x" }, "/x"]])("%s", (_, env, dir) =>
    expect(stateDirectory(env)).toBe(dir),
  );
});

describe("history", () => {
  test("runs in a row that changed nothing are one row, and others stay", () => {
    using dir = temporary();
    const store = open(dir.path);
    const add = (at: number, command: string, outcome: RunReport["outcome"]) =>
      recordRun(store, "/r", { id: `r${at}`, at, command, report: report(outcome, `r${at}`) });
    add(1, "ensure all", "changed");
    add(2, "ensure all", "unchanged");
    add(3, "ensure all", "unchanged");
    add(4, "ensure plex", "unchanged");
    add(5, "ensure all", "failed");
    add(6, "ensure all", "unchanged");
    recordRun(store, "/other", { id: "o", at: 7, command: "ensure all", report: report("changed", "o") });
    const rows = recentRuns(store, "/r", 10).map(({ id, repeats }) => [id, repeats]);
    expect(rows).toEqual([
      ["r6", 1],
      ["r5", 1],
      ["r4", 1],
      ["r3", 2],
      ["r1", 1],
    ]);
    expect(recentRuns(store, "/r", 2).map(({ id }) => id)).toEqual(["r6", "r5"]);
    store.close();
  });

  test("at most 500 runs of a root are kept, the newest ones, also when nothing changes in turns", () => {
    using dir = temporary();
    const store = open(dir.path);
    recordRun(store, "/other", { id: "other", at: 1, command: "c", report: report("changed") });
    store.with(undefined, (database) => {
      database.transaction(() => {
        for (let at = 1; at <= 510; at++) {
          recordRun(store, "/r", {
            id: `r${at}`,
            at,
            command: `ensure ${at % 2}`,
            report: report("unchanged"),
          });
        }
      })();
    });
    const runs = recentRuns(store, "/r", 1000);
    expect([runs.length, runs[0]?.id, runs.at(-1)?.id]).toEqual([500, "r510", "r11"]);
    expect(recentRuns(store, "/other", 5)).toHaveLength(1);
    store.close();
  });

  test("a run is found by the beginning of its id, with who started it", () => {
    using dir = temporary();
    const store = open(dir.path);
    const origin = { user: "root", unattended: true, revision: "abc" };
    recordRun(store, "/r", { id: "2026-a_1", at: 1, command: "c", report: report("changed"), origin });
    recordRun(store, "/r", { id: "2026-a%2", at: 2, command: "c", report: report("failed") });
    recordRun(store, "/other", { id: "2026-a_3", at: 3, command: "c", report: report("changed") });
    const found = (prefix: string) => runsNamed(store, "/r", prefix).map(({ id }) => id);
    expect(found("2026-a")).toEqual(["2026-a%2", "2026-a_1"]);
    expect(found("2026-a_1")).toEqual(["2026-a_1"]);
    expect(found("2026-a%")).toEqual(["2026-a%2"]);
    expect(found("2026-a_3")).toEqual([]);
    expect(runsNamed(store, "/r", "2026-a_1")[0]).toEqual({
      id: "2026-a_1",
      at: 1,
      command: "c",
      repeats: 1,
      report: report("changed"),
      origin,
    });
    store.close();
  });

  test("the last run that matters is told from those after it", () => {
    using dir = temporary();
    const store = open(dir.path);
    const add = (at: number, outcome: RunReport["outcome"], command = "ensure all") =>
      recordRun(store, "/r", { id: `r${at}`, at, command, report: report(outcome, `r${at}`) });
    expect(lastNotableRun(store, "/r")).toBeUndefined();
    add(1, "unchanged");
    expect(lastNotableRun(store, "/r")).toBeUndefined();
    add(2, "failed");
    add(3, "unchanged");
    add(4, "unchanged");
    add(5, "unchanged", "ensure plex");
    const last = lastNotableRun(store, "/r");
    expect([last?.run.id, last?.since]).toEqual(["r2", 3]);
    expect(recentRuns(store, "/r", 10, 3).map(({ id }) => id)).toEqual(["r5", "r4"]);
    store.close();
  });

  test("run ids sort by time", () => {
    const ids = [Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 2), Date.UTC(2027, 0, 1)].map(newRunId);
    expect([...ids].sort()).toEqual(ids);
    expect(ids[0]).toMatch(/^20260101-000000-[0-9a-f]{6}$/);
  });
});

describe("releases", () => {
  test("the newest of each service of a root is given", () => {
    using dir = temporary();
    const store = open(dir.path);
    recordRelease(store, "/r", "a", release("one"), [], 1);
    recordRelease(store, "/r", "a", release("two"), [], 2);
    recordRelease(store, "/r", "b", release("three"), [], 3);
    recordRelease(store, "/other", "a", release("four"), [], 4);
    const images = [...latestReleases(store, "/r")].map(([name, { containers }]) => [
      name,
      containers[0]?.imageId,
    ]);
    expect(images).toEqual([
      ["a", "two"],
      ["b", "three"],
    ]);
    store.close();
  });

  test("one is found by its id as long as it is kept", () => {
    using dir = temporary();
    const store = open(dir.path);
    const id = recordRelease(store, "/r", "a", release("one"), [], 1) as number;
    recordRelease(store, "/r", "a", release("two"), [], 2);
    expect(releaseWith(store, id)).toEqual(release("one"));
    expect(releaseWith(store, id + 2)).toBeUndefined();
    store.close();
  });

  test("the same files and images again are the same release, brought up to date", () => {
    using dir = temporary();
    const store = open(dir.path);
    recordRelease(store, "/r", "a", release("one", 1), [], 1);
    recordRelease(store, "/r", "a", release("one", 2), [], 2);
    const count = () =>
      store.with(0, (db) => db.query<{ n: number }, []>("SELECT count(*) n FROM release").get()?.n ?? 0);
    expect(count()).toBe(1);
    expect(latestReleases(store, "/r").get("a")?.containers[0]?.startedAt).toBe(2);
    for (let i = 0; i < 30; i++) recordRelease(store, "/r", "a", release(`i${i}`), [], i);
    expect(count()).toBe(10);
    store.close();
  });
});

/** A release of containers that have these images, each of a service named after its place in the alphabet. */
const releaseOf = (...services: (readonly [service: string, imageId: string])[]): Release => {
  const [container] = release("").containers;
  if (!container) throw new Error("no container");
  const containers = services.map(([service, imageId]) => ({ ...container, service, imageId, id: imageId }));
  return { ...release(""), containers };
};

test("releases that differ in the order of their containers alone are the same one", () => {
  using dir = temporary();
  const store = open(dir.path);
  recordRelease(store, "/r", "a", releaseOf(["app", "one"], ["db", "two"], ["db", "two"]), [], 1);
  recordRelease(store, "/r", "a", releaseOf(["db", "two"], ["app", "one"], ["db", "two"]), [], 2);
  expect(listReleases(store, "/r", "a").map(({ at }) => at)).toEqual([2]);
  recordRelease(store, "/r", "a", releaseOf(["app", "two"], ["db", "one"], ["db", "two"]), [], 3);
  expect(listReleases(store, "/r", "a").map(({ at }) => at)).toEqual([3, 2]);
  store.close();
});

test("images of the current and the previous release count, whatever was recorded twice", () => {
  using dir = temporary();
  const store = open(dir.path);
  // An earlier version took these for different ones.
  for (const containers of [
    ["app", "old"],
    ["app", "previous"],
    ["app", "now"],
  ] as const)
    recordRelease(store, "/r", "a", releaseOf(containers, ["db", "same"]), [], 1);
  store.with(undefined, (database) => {
    const data = JSON.stringify(releaseOf(["db", "same"], ["app", "now"]));
    database.run("INSERT INTO release (root, name, at, data) VALUES ('/r', 'a', 2, ?)", [data]);
  });
  const { ids, names } = imagesOfReleases(store).get("/r") ?? {};
  expect([...(names ?? [])]).toEqual(["i:1"]);
  expect([...(ids ?? [])].sort()).toEqual(["now", "previous", "same"]);
  store.close();
});

test("ten releases of a service are kept", () => {
  using dir = temporary();
  const store = open(dir.path);
  for (let at = 1; at <= 13; at++) recordRelease(store, "/r", "a", release(`i${at}`), [], at);
  recordRelease(store, "/r", "b", release("other"), [], 99);
  const kept = store.with<{ name: string; at: number }[]>([], (database) =>
    database.query<{ name: string; at: number }, []>("SELECT name, at FROM release ORDER BY id").all(),
  );
  expect(kept.map(({ name, at }) => name + at)).toEqual([
    "a4",
    "a5",
    "a6",
    "a7",
    "a8",
    "a9",
    "a10",
    "a11",
    "a12",
    "a13",
    "b99",
  ]);
  store.close();
});

test("to go back and forth uses up no releases: the first and the last copy of each are kept", () => {
  using dir = temporary();
  const store = open(dir.path);
  for (const image of ["a", "b", "c"]) recordRelease(store, "/r", "web", release(image), [], 0);
  for (let times = 0; times < 10; times++) {
    for (const image of ["b", "c"]) recordRelease(store, "/r", "web", release(image), [], 0);
  }
  expect(
    listReleases(store, "/r", "web").map(({ id, release: kept }) => [id, kept.containers[0]?.imageId]),
  ).toEqual([
    [23, "c"],
    [22, "b"],
    [3, "c"],
    [2, "b"],
    [1, "a"],
  ]);
  store.close();
});

test("an intent is alive as long as its process, and only that one", () => {
  using dir = temporary();
  const store = open(dir.path);
  recordIntent(store, "/r", { name: "a", pid: process.pid, action: "create" });
  recordIntent(store, "/r", { name: "b", pid: 2 ** 22, action: "create" });
  expect(leftIntents(store, "/r").map(({ name, alive }) => [name, alive])).toEqual([
    ["a", true],
    ["b", false],
  ]);
  clearIntent(store, "/r", "a");
  expect(leftIntents(store, "/r").map(({ name }) => name)).toEqual(["b"]);
  store.close();
});

test("the directory and the file are the owner's alone", () => {
  using dir = temporary();
  const state = join(dir.path, "new/state");
  open(state).close();
  expect([state, join(state, "homelab.db")].map((path) => statSync(path).mode & 0o777)).toEqual([
    0o700, 0o600,
  ]);
});

function inPlaceOfDirectory(dir: string): string {
  write(join(dir, "state"), "");
  return join(dir, "state");
}

function noDatabase(dir: string): string {
  write(join(dir, "homelab.db"), "no database\n".repeat(99));
  return dir;
}

describe("a state that cannot be used is one warning, and the run goes on", () => {
  test.each<[string, (dir: string) => string]>([
    ["a file in place of the directory", inPlaceOfDirectory],
    ["a database that is none", noDatabase],
  ])("%s", (_, prepare) => {
    using dir = temporary();
    const warnings: string[] = [];
    const store = Store.open({ HOMELAB_STATE_DIR: prepare(dir.path) }, (text) => warnings.push(text));
    recordRelease(store, "/r", "a", release("one"), [], 1);
    recordRun(store, "/r", { id: "x", at: 1, command: "c", report: report("changed") });
    expect(latestReleases(store, "/r").size).toBe(0);
    expect(recentRuns(store, "/r", 5)).toEqual([]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toStartWith("the state directory ");
  });
});

/** A program that records runs of its own root, and prints the warnings that it got. */
const writer = (dir: string, root: string, runs: number, size = 1) => `
  import { recordRun } from ${JSON.stringify(join(import.meta.dir, "../../../src/store/runs.ts"))};
  import { Store } from ${JSON.stringify(join(import.meta.dir, "../../../src/store/store.ts"))};
  const store = Store.open({ HOMELAB_STATE_DIR: ${JSON.stringify(dir)} }, (text) => console.log(text));
  const detail = "x".repeat(${size});
  const report = { run: "r", outcome: "changed", steps: [{ id: "a", detail }], changed: 1, failed: 0, durationMs: 1 };
  for (let at = 1; at <= ${runs}; at++) {
    recordRun(store, ${JSON.stringify(root)}, { id: ${JSON.stringify(root)} + at, at, command: "ensure", report });
  }`;

test("processes that write at the same time, to a state that is not there yet, do not disturb each other", async () => {
  using dir = temporary();
  const state = join(dir.path, "state");
  const roots = ["/a", "/b", "/c"];
  const children = roots.map((root) =>
    Bun.spawn([process.execPath, "-e", writer(state, root, 30)], { stdout: "pipe", stderr: "pipe" }),
  );
  const said = await Promise.all(children.flatMap(({ stdout, stderr }) => [stdout.text(), stderr.text()]));
  expect(said.join("")).toBe("");
  const store = open(state);
  expect(roots.map((root) => recentRuns(store, root, 100).length)).toEqual([30, 30, 30]);
  store.close();
});

test("a file that may not grow, as on a full disk, is one warning", async () => {
  using dir = temporary();
  // In blocks of 512 bytes or more, as the shell has it: enough for the tables, not for the runs.
  const limited = ["sh", "-c", 'trap "" XFSZ; ulimit -f 300; exec "$0" -e "$1"', process.execPath];
  const child = Bun.spawn([...limited, writer(dir.path, "/a", 20, 50_000)], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect({ lines: out.trim().split("\n").length, err, exit: await child.exited }).toEqual({
    lines: 1,
    err: "",
    exit: 0,
  });
  expect(out).toMatch(
    /^the state directory \S+ cannot be used \(.+\): this run goes on without memory of earlier ones\n$/,
  );
});

test("reading makes nothing where there is nothing", () => {
  using dir = temporary();
  const state = join(dir.path, "state");
  const store = Store.openReadonly({ HOMELAB_STATE_DIR: state }, silent);
  expect(recentRuns(store, "/r", 5)).toEqual([]);
  expect(statSync(state, { throwIfNoEntry: false })).toBeUndefined();
});

test("a state with fewer tables, from an older version, is read for what it has, without a warning", () => {
  using dir = temporary();
  const env = { HOMELAB_STATE_DIR: dir.path };
  const old = new Database(join(dir.path, "homelab.db"), { create: true });
  old.run("CREATE TABLE run (id TEXT)");
  old.close();
  const warnings: string[] = [];
  const store = Store.openReadonly(env, (text) => warnings.push(text));
  expect([...readPins(store, "/r"), ...latestReleases(store, "/r")]).toEqual([]);
  expect(warnings).toEqual([]);
});
