import { expect, test } from "bun:test";
import { app } from "../helpers/compose.ts";
import { homelab } from "../helpers/homelab.ts";

const SONARR = "services/sonarr~/anime~";
const RADARR = "services/radarr~/anime~";
const TWO = { [`${SONARR}/compose.yml`]: app(), [`${RADARR}/compose.yml`]: app() };

test.concurrent("instances in directories of the same name become projects of their own", async () => {
  await using lab = await homelab(TWO);
  expect(await lab.run("ensure", "all")).toMatchObject({ code: 0 });
  const containers = await lab.containers();
  expect(containers.map(({ dir, project, status }) => ({ dir, project, status }))).toEqual([
    { dir: RADARR, project: "radarr~-anime~", status: "running" },
    { dir: SONARR, project: "sonarr~-anime~", status: "running" },
  ]);
});

test.concurrent("editing one instance leaves the container of the other", async () => {
  await using lab = await homelab(TWO);
  await lab.run("ensure", "all");
  const before = await lab.ids();
  lab.write({ [`${SONARR}/compose.yml`]: app({ environment: { EDITED: "yes" } }) });
  expect(await lab.run("ensure", "all")).toEqual({
    code: 0,
    stdout: "",
    stderr: "sonarr~-anime~: updated in <time>\n1 changed in <time>\n",
  });
  const after = await lab.ids();
  expect(after[`${RADARR}:app`]).toBe(before[`${RADARR}:app`] as string);
  expect(after[`${SONARR}:app`]).not.toBe(before[`${SONARR}:app`]);
});

test.concurrent("instances that were started by hand in one project of the same name are adopted as they run", async () => {
  await using lab = await homelab({
    [`${SONARR}/compose.yml`]: app({ container_name: "sonarr~" }).replace('"app"', '"sonarr"'),
    [`${RADARR}/compose.yml`]: app({ container_name: "radarr~" }).replace('"app"', '"radarr"'),
  });
  await lab.compose(SONARR, "up", "-d");
  await lab.compose(RADARR, "up", "-d");
  const before = await lab.ids();
  expect(Object.keys(before)).toEqual([`${RADARR}:radarr`, `${SONARR}:sonarr`]);

  const { document } = await lab.json("plan", "all");
  expect(document.steps.map(({ id, action, reason }: never) => ({ id, action, reason }))).toEqual([
    {
      id: "radarr~-anime~",
      action: "adopt",
      reason: { code: "running", text: "it runs already, as project `anime~`" },
    },
    {
      id: "sonarr~-anime~",
      action: "adopt",
      reason: { code: "running", text: "it runs already, as project `anime~`" },
    },
  ]);
  expect(await lab.run("ensure", "all")).toMatchObject({ code: 0 });
  expect(await lab.ids()).toEqual(before);

  // The second project of the name stays out of it when one of the two is changed.
  lab.write({
    [`${SONARR}/compose.yml`]: app({ container_name: "sonarr~", environment: { A: "b" } }).replace(
      '"app"',
      '"sonarr"',
    ),
  });
  expect(await lab.run("ensure", "all")).toMatchObject({ code: 0 });
  const after = await lab.ids();
  expect(after[`${RADARR}:radarr`]).toBe(before[`${RADARR}:radarr`] as string);
  expect(after[`${SONARR}:sonarr`]).not.toBe(before[`${SONARR}:sonarr`]);
  expect(Object.keys(after)).toEqual(Object.keys(before));
  expect(await lab.run("ensure", "all")).toEqual({ code: 0, stdout: "", stderr: "" });
});
