import { expect, test } from "bun:test";
import { app } from "../helpers/compose.ts";
import { homelab } from "../helpers/homelab.ts";

const SONARR = "services/sonarr~/anime~";
const RADARR = "services/radarr~/anime~";
const TWO = { [`${SONARR}/compose.yml`]: app(), [`${RADARR}/compose.yml`]: app() };

test.concurrent("instances in directories of the same name become projects of their own (situation 14)", async () => {
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
    stderr:
      "sonarr~-anime~: updated in <time> (compose.yml changed since it was last ready)\n1 changed in <time>\n",
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

test.concurrent("fresh services whose files name the same project are refused instead of replacing each other (situation 14)", async () => {
  await using lab = await homelab({
    "services/a~/compose.yml": app({}, { name: "same~" }),
    "services/b~/compose.yml": app({}, { name: "same~" }),
  });
  const refused = {
    code: 5,
    stderr: `a~: created in <time>
b~: failed: services/a~ and services/b~ are both project \`same~\` with a service \`app\`
  hint: give one of them a name of its own: \`project: b~\` in its recipe, or another \`name:\` in its compose file
1 changed, 1 failed in <time>
details: homelab report <run>
`,
  };
  const { code, stderr } = await lab.run("ensure", "all");
  // Known before the run, so that it takes no time, or a millisecond on a busy machine.
  expect({ code, stderr: stderr.replace("failed after <time>", "failed").split("\n").sort() }).toEqual({
    code: refused.code,
    stderr: refused.stderr.split("\n").sort(),
  });
  const before = await lab.ids();
  expect(Object.keys(before)).toEqual(["services/a~:app"]);
  expect(await lab.run("ensure", "all")).toMatchObject({ code: 5 });
  expect(await lab.ids()).toEqual(before);
});

test.concurrent("an instance that lost its container to another by hand gets one of its own, and the other keeps its", async () => {
  await using lab = await homelab(TWO);
  // Both are project `anime` to compose: the second call takes the first one's container over.
  await lab.compose(RADARR, "up", "-d");
  await lab.compose(SONARR, "up", "-d");
  const before = await lab.ids();
  expect(Object.keys(before)).toHaveLength(1);
  expect(await lab.run("ensure", "all")).toMatchObject({ code: 0 });
  const after = await lab.ids();
  expect(Object.keys(after)).toEqual([`${RADARR}:app`, `${SONARR}:app`]);
  expect(after).toMatchObject(before);
  expect(await lab.run("ensure", "all")).toEqual({ code: 0, stdout: "", stderr: "" });
});
