import { describe, expect, test } from "bun:test";
import {
  decide,
  makes,
  normalizeImage,
  type ServiceFacts,
  stateWords,
} from "../../../../src/units/compose/decide.ts";
import { troubleWith } from "../../../../src/units/compose/troubles.ts";
import { AT, release, released, view } from "./containers.ts";

/** A service with one container that is ready and as it was released; `more` says what is different. */
function facts(more: Partial<ServiceFacts> = {}): ServiceFacts {
  return {
    containers: [view("app")],
    expected: new Map([["app", 1]]),
    release: release(released("app")),
    changed: [],
    finished: new Set(),
    images: new Map([["app:1", "sha256:one"]]),
    force: false,
    restart: false,
    lost: [],
    probed: false,
    at: AT,
    ...more,
  };
}

const troubles = (state: Parameters<typeof troubleWith>[1]): ServiceFacts["troubles"] => {
  const trouble = troubleWith("app", state);
  return trouble && new Map([["id-app", trouble]]);
};

const two = new Map([
  ["app", 1],
  ["migrate", 1],
]);
const done = view("migrate", { state: "exited", exitCode: 0, status: "Exited (0) 5 minutes ago" });
const doneRelease = release(released("app"), released("migrate", { kind: "completed" }));
const down = view("app", { state: "exited", exitCode: 137, status: "Exited (137) 2 minutes ago" });

type Case = [string, Partial<ServiceFacts>, string];
const CASES: Case[] = [
  ["nothing there", { containers: [] }, "create (absent): it has no containers yet"],
  ["nothing there, forced", { containers: [], force: true }, "create (absent): it has no containers yet"],
  [
    "a container that was to take over, beside the old one",
    {
      containers: [
        view("app"),
        view("0123456789ab_app", { service: "app", state: "created", status: "Created" }),
      ],
    },
    "repair (half-switched): 0123456789ab_app is left over from a switch that was broken off",
  ],
  [
    "a container that took over and runs under the other name",
    { containers: [view("0123456789ab_app", { service: "app" })], changed: [".env"] },
    "repair (half-switched): 0123456789ab_app is left over from a switch that was broken off",
  ],
  ["forced", { force: true }, "recreate (forced): asked for with --force"],
  ["a changed file", { changed: [".env"] }, "update (files-changed): .env changed since it was last ready"],
  [
    "three changes",
    { changed: ["a", "b", "c"] },
    "update (files-changed): a, b, c changed since it was last ready",
  ],
  [
    "more changes",
    { changed: ["a", "b", "c", "d"] },
    "update (files-changed): a, b and 2 more changed since it was last ready",
  ],
  [
    "never seen, files newer than the container",
    { release: undefined, newestInput: AT / 1000 },
    "update (files-newer): its files are newer than its containers: compose decides what changes",
  ],
  [
    "never seen, files of the same second",
    { release: undefined, newestInput: AT / 1000 - 400 + 0.9 },
    "adopt (running): it runs already, as project `shop`, verified",
  ],
  [
    "a service without container",
    { expected: two },
    "start (container-missing): it has no container for `migrate`",
  ],
  [
    "one replica too few",
    { expected: new Map([["app", 2]]) },
    "start (container-missing): it has no container for `app`",
  ],
  [
    "a service without container beside a finished one-shot",
    { expected: new Map([...two, ["db", 1]]), containers: [view("app"), done], release: doneRelease },
    "start (container-missing): it has no container for `db`, only app db",
  ],
  [
    "a newer image of the tag",
    { images: new Map([["app:1", "sha256:two"]]) },
    "update (image-newer): a newer image of app:1 is here",
  ],
  [
    "a newer image, while the listing shows a bare id",
    {
      containers: [view("app", { image: "sha256:one" })],
      images: new Map([["app:1", "sha256:two"]]),
    },
    "update (image-newer): a newer image of app:1 is here",
  ],
  [
    "a newer image written with registry",
    {
      containers: [view("app", { image: "docker.io/library/app:1" })],
      images: new Map([["app:1", "sha256:two"]]),
    },
    "update (image-newer): a newer image of docker.io/library/app:1 is here",
  ],
  ["an image that was removed", { images: new Map() }, "none (up-to-date): ready and up to date, settled"],
  [
    "paused",
    { containers: [view("app", { state: "paused", status: "Up 5 minutes (Paused)" })] },
    "repair (paused): app is paused",
  ],
  [
    "stopped by an error",
    { containers: [down] },
    "start (stopped): app is stopped (exit code 137, 2 minutes ago)",
  ],
  [
    "stopped with exit code 0",
    { containers: [view("app", { state: "exited", exitCode: 0, status: "Exited (0) 2 hours ago" })] },
    "start (stopped): app is stopped (exit code 0, 2 hours ago)",
  ],
  [
    "created but never started",
    { containers: [view("app", { state: "created", status: "Created" })] },
    "start (stopped): app is created but never started",
  ],
  ["dead", { containers: [view("app", { state: "dead", status: "Dead" })] }, "start (stopped): app is dead"],
  [
    "could not be started before: it is tried again, and the old error told",
    {
      containers: [view("app", { state: "created", status: "Created" })],
      troubles: troubles({ Status: "created", Error: "port is already allocated" }),
    },
    "start (start-failed): app could not be started before: port is already allocated",
  ],
  [
    "being removed",
    {
      containers: [view("app", { state: "removing", status: "Removal In Progress" })],
      troubles: troubles({ Status: "removing", Error: "" }),
    },
    "start (removing): app is being removed",
  ],
  [
    "one paused, one down: both are started",
    {
      containers: [
        view("app", { state: "paused", status: "Up 5 minutes (Paused)" }),
        view("db", { state: "exited", status: "Exited (1) 2 hours ago", exitCode: 1 }),
      ],
      expected: new Map([
        ["app", 1],
        ["db", 1],
      ]),
    },
    "start (stopped): app is paused",
  ],
  [
    "stopped beside a finished one-shot, which is not run again",
    { expected: two, containers: [down, done], release: doneRelease },
    "start (stopped): app is stopped (exit code 137, 2 minutes ago), only app",
  ],
  [
    "a one-shot that failed later",
    {
      expected: two,
      containers: [view("app"), { ...done, exitCode: 1, status: "Exited (1) 5 minutes ago" }],
      release: doneRelease,
    },
    "start (stopped): migrate is stopped (exit code 1, 5 minutes ago)",
  ],
  [
    "a finished one-shot of an earlier release",
    { expected: two, containers: [view("app"), done], release: doneRelease },
    "none (up-to-date): ready and up to date, settled",
  ],
  [
    "a finished one-shot that was never seen before",
    { expected: two, containers: [view("app"), done], release: undefined, finished: new Set(["id-migrate"]) },
    "adopt (running): it runs already, as project `shop`, verified",
  ],
  [
    "brought up by hand",
    { release: undefined },
    "adopt (running): it runs already, as project `shop`, verified",
  ],
  [
    "made anew by hand",
    { release: release(released("app", { id: "id-before" })) },
    "adopt (replaced): its containers were made anew outside of homelab, verified",
  ],
  [
    "made anew from files that were put back, and unhealthy",
    {
      containers: [view("app", { health: "unhealthy" })],
      release: release(released("app", { id: "id-before", health: true })),
    },
    "update (replaced): app is unhealthy, and not what was last ready: compose decides what changes",
  ],
  ...(["starting", "none"] as const).map(
    (health): Case => [
      `put back and not seen ready since, health ${health}`,
      {
        containers: [view("app", { health })],
        release: release(released("app", { id: "id-before" })),
        pinned: "it was asked for",
        putBack: new Set(["id-app"]),
      },
      "none (rolled-back): rolled back, and not seen ready since: it was asked for, verified",
    ],
  ),
  [
    "made anew by hand since it was put back, and unhealthy",
    {
      containers: [view("app", { health: "unhealthy" })],
      release: release(released("app", { id: "id-before", health: true })),
      pinned: "it was asked for",
      putBack: new Set(["id-back"]),
    },
    "update (replaced): app is unhealthy, and not what was last ready: compose decides what changes",
  ],
  [
    "put back, and down since",
    {
      containers: [down],
      release: release(released("app", { id: "id-before" })),
      pinned: "it was asked for",
      putBack: new Set(["id-app"]),
    },
    "start (stopped): app is stopped (exit code 137, 2 minutes ago)",
  ],
  [
    "healthy",
    { containers: [view("app", { health: "healthy" })], release: release(released("app", { health: true })) },
    "none (up-to-date): ready and up to date, settled",
  ],
  [
    "healthy again after a restart: it may be one of many",
    {
      containers: [view("app", { health: "healthy", status: "Up 20 seconds (healthy)" })],
      release: release(released("app", { health: true })),
    },
    "none (restarted): app was restarted since it was last seen ready, verified",
  ],
  [
    "unhealthy",
    {
      containers: [view("app", { health: "unhealthy" })],
      release: release(released("app", { health: true })),
    },
    "none (unhealthy): app is unhealthy, verified",
  ],
  [
    "health still starting",
    {
      containers: [view("app", { health: "starting" })],
      release: release(released("app", { health: true })),
    },
    "none (starting): app is starting, verified",
  ],
  [
    "restarting",
    { containers: [view("app", { state: "restarting", status: "Restarting (1) 3 seconds ago" })] },
    "none (restarting): app keeps restarting, verified",
  ],
  [
    "restarted without a health check",
    { containers: [view("app", { status: "Up 20 seconds" })] },
    "none (restarted): app was restarted since it was last seen ready, verified",
  ],
  [
    "up since words that are not understood",
    { containers: [view("app", { status: "Up a while", uptime: undefined })] },
    "none (restarted): app was restarted since it was last seen ready, verified",
  ],
  ["ready, but with probes to try", { probed: true }, "none (up-to-date): ready and up to date, verified"],
  ["ready", {}, "none (up-to-date): ready and up to date, settled"],
];

test.each(CASES)("%s", (_, more, want) => {
  const { action, reason, effect, settled, only } = decide(facts(more));
  const words = `${action} (${reason.code}): ${reason.text}`;
  const rest = settled
    ? ", settled"
    : effect === "read"
      ? ", verified"
      : only
        ? `, only ${only.join(" ")}`
        : "";
  expect(words + rest).toBe(want);
});

test("an action that changes something writes, and is never settled", () => {
  for (const [, more] of CASES) {
    const { action, effect, settled } = decide(facts(more));
    const reads = action === "none" || action === "adopt";
    expect({ effect, settled: settled && !reads }).toEqual({
      effect: reads ? "read" : "write",
      settled: false,
    });
  }
});

describe("newer files and images: what brings them into force, and what makes containers", () => {
  const half = [view("0123456789ab_app", { service: "app" })];
  const files = { changed: [".env"] };
  const image = { images: new Map([["app:1", "sha256:two"]]) };
  test.each<[string, Partial<ServiceFacts>, string]>([
    ["an update to files", files, "updates, makes"],
    ["an update to an image", image, "updates, makes"],
    ["a restart", { restart: true }, ""],
    ["a restart, files", { restart: true, ...files }, "updates, makes"],
    ["a restart, an image", { restart: true, ...image }, "updates, makes"],
    [
      "a restart of what was never seen ready, files",
      { restart: true, release: undefined, newestInput: AT / 1000 },
      "updates, makes",
    ],
    ["a restart of what is down, files", { restart: true, containers: [down], ...files }, "updates, makes"],
    ["a switch that was broken off", { containers: half }, ""],
    ["a switch that was broken off, files", { containers: half, ...files }, "updates, makes"],
    [
      "a switch that was broken off, a file that is mounted",
      { containers: half, ...files, remount: true },
      "updates, makes, anew",
    ],
    ["a switch that was broken off, an image", { containers: half, ...image }, "updates, makes"],
    ["a switch that was broken off, forced", { containers: half, ...files, force: true }, "makes, anew"],
    ["--force, which asks for no way back", { force: true, ...files }, "makes, anew"],
    ["the first containers", { containers: [], ...image }, "makes"],
    ["a start", { containers: [down] }, ""],
    ["a start with a service without container", { expected: two }, ""],
    ["a start with a service without container, an image", { expected: two, ...image }, "updates, makes"],
    ["a repair of its network", { lost: [{ container: view("app"), why: "lost" }] }, ""],
  ])("%s", (_, more, want) => {
    const decision = decide(facts(more));
    const found = { updates: decision.updates, makes: makes(decision), anew: decision.anew };
    const words = Object.entries(found).flatMap(([word, is]) => (is ? [word] : []));
    expect(words.join(", ")).toBe(want);
  });
});

describe("normalizeImage() of", () => {
  test.each([
    ["nginx", "nginx:latest"],
    ["nginx:1", "nginx:1"],
    ["library/nginx", "nginx:latest"],
    ["docker.io/library/nginx:1", "nginx:1"],
    ["docker.io/linuxserver/sonarr", "linuxserver/sonarr:latest"],
    ["index.docker.io/a/b:c", "a/b:c"],
    ["ghcr.io/a/b", "ghcr.io/a/b:latest"],
    ["localhost:5000/a", "localhost:5000/a:latest"],
    ["localhost:5000/a:1", "localhost:5000/a:1"],
    ["nginx@sha256:abc", "nginx@sha256:abc"],
    ["docker.io/a/b:1@sha256:abc", "a/b:1@sha256:abc"],
  ])("%s is %s", (reference, want) => expect(normalizeImage(reference)).toBe(want));
});

describe("stateWords() of", () => {
  test.each([
    ["exited", "Exited (0) About an hour ago", "stopped (exit code 0, About an hour ago)"],
    ["created", "Created", "created but never started"],
    ["dead", "Dead", "dead"],
    ["paused", "Up 2 hours (Paused)", "paused"],
  ])("%s, %s", (state, status, want) => expect(stateWords(view("app", { state, status }))).toBe(want));
});
