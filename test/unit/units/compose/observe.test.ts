import { expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import type { ContainerSummary } from "../../../../src/docker/types.ts";
import { containerView, isLasting } from "../../../../src/units/compose/observe.ts";
import { temporary } from "../../temporary.ts";

/** A container as the engine lists it. */
function summary(Status: string, State: string, labels: Record<string, string> = {}): ContainerSummary {
  return {
    Id: "4deb9b5972d74f1c2002b49c2eeaaa8b",
    Names: ["/web-app-1"],
    Image: "app:1",
    ImageID: "sha256:one",
    Created: 1_700_000_000,
    State,
    Status,
    Labels: {
      "com.docker.compose.project": "web",
      "com.docker.compose.service": "app",
      "com.docker.compose.project.working_dir": "/nowhere/services/web",
      ...labels,
    },
  };
}

test("containerView() takes what is needed out of the listing", () => {
  expect(containerView(summary("Up 3 minutes (healthy)", "running"))).toEqual({
    id: "4deb9b5972d74f1c2002b49c2eeaaa8b",
    name: "web-app-1",
    service: "app",
    project: "web",
    dir: "/nowhere/services/web",
    image: "app:1",
    imageId: "sha256:one",
    state: "running",
    health: "healthy",
    uptime: { min: 180, max: 240 },
    status: "Up 3 minutes (healthy)",
    created: 1_700_000_000,
    configHash: "",
    exitCode: undefined,
  });
});

test.each([
  ["Up 3 minutes", "running", "none", undefined],
  ["Up 3 minutes (healthy)", "running", "healthy", undefined],
  ["Up 3 minutes (unhealthy)", "running", "unhealthy", undefined],
  ["Up 3 seconds (health: starting)", "running", "starting", undefined],
  ["Up 3 minutes (Paused)", "paused", "none", undefined],
  ["Exited (137) 2 hours ago", "exited", "none", 137],
  ["Restarting (1) 5 seconds ago", "restarting", "none", 1],
  ["Created", "created", "none", undefined],
  ["Dead", "dead", "none", undefined],
] as const)("containerView() reads %j", (status, state, health, exitCode) => {
  const seen = containerView(summary(status, state));
  expect({ health: seen.health, exitCode: seen.exitCode }).toEqual({ health, exitCode });
});

test("containerView() resolves links in the directory", () => {
  using dir = temporary({ "real/compose.yml": "" });
  symlinkSync(`${dir.path}/real`, `${dir.path}/link`);
  const labels = { "com.docker.compose.project.working_dir": `${dir.path}/link` };
  expect(containerView(summary("Up 1 second", "running", labels)).dir).toBe(`${dir.path}/real`);
});

test("isLasting() leaves out what `docker compose run` made", () => {
  const made = (labels: Record<string, string>) => isLasting(summary("Up 1 second", "running", labels));
  expect([
    made({}),
    made({ "com.docker.compose.oneoff": "False" }),
    made({ "com.docker.compose.oneoff": "True" }),
  ]).toEqual([true, true, false]);
});
