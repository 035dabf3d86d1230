import { expect, test } from "bun:test";
import { app, composeFile, idle } from "../helpers/compose.ts";
import { homelab } from "../helpers/homelab.ts";

const VOLUME = app({ volumes: ["data:/data"] }, { volumes: { data: {} } });
const instance = (service: string) =>
  composeFile({ [service]: idle({ volumes: ["data:/data"] }) }, { volumes: { data: {} } });

test.concurrent("services that were started by hand are adopted with their containers and volumes", async () => {
  const dirs = [
    "services/plex~",
    "services/sonarr~/anime~",
    "services/radarr~/anime~",
    "services/sonarr~/shows~",
  ];
  await using lab = await homelab({
    "services/plex~/compose.yml": VOLUME,
    "services/sonarr~/anime~/compose.yml": instance("sonarr"),
    "services/radarr~/anime~/docker-compose.yml": instance("radarr"),
    "services/sonarr~/shows~/compose.yaml": instance("sonarr"),
  });
  for (const dir of dirs) await lab.compose(dir, "up", "-d");
  await lab.docker("exec", "plex~-app-1", "sh", "-c", "echo precious >/data/file");
  const before = await lab.ids();
  const volumes = await lab.docker("volume", "ls", "-q");
  expect(Object.keys(before)).toHaveLength(4);

  const plan = await lab.run("plan", "all");
  expect(plan).toEqual({
    code: 0,
    stdout: `plex~           adopt  it runs already, as project \`plex~\`
radarr~-anime~  adopt  it runs already, as project \`anime~\`
sonarr~-anime~  adopt  it runs already, as project \`anime~\`
sonarr~-shows~  adopt  it runs already, as project \`shows~\`
4 to adopt, 0 as they are
`.replaceAll(/^(\S+)( +)adopt/gm, (_, name: string, gap: string) => `${name + widen(name, gap)}adopt`),
    stderr: "",
  });
  const { code, document } = await lab.json("ensure", "all");
  expect(code).toBe(0);
  expect(document).toMatchObject({ outcome: "unchanged", changed: 0, failed: 0 });
  expect(document.steps.map(({ action, result }: never) => [action, result])).toEqual(
    Array(4).fill(["adopt", "unchanged"]),
  );
  expect(await lab.ids()).toEqual(before);
  expect(own(await lab.docker("volume", "ls", "-q"), lab.own("~"))).toEqual(own(volumes, lab.own("~")));
  expect(await lab.docker("exec", "plex~-app-1", "cat", "/data/file")).toBe("precious\n");

  expect(await lab.run("ensure", "all")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await lab.run("plan", "all")).toEqual({ code: 0, stdout: "nothing to do: 4 ready\n", stderr: "" });
});

const own = (lines: string, suffix: string) => lines.split("\n").filter((line) => line.includes(suffix));
/** Columns are as wide as the names really are: the suffix has five characters, its mark one. */
const widen = (name: string, gap: string) => gap + " ".repeat(4 * (2 - (name.split("~").length - 1)));

test.concurrent("a service that was stopped by hand is started again with the same container", async () => {
  await using lab = await homelab({ "services/plex~/compose.yml": VOLUME });
  await lab.compose("services/plex~", "up", "-d");
  const before = await lab.ids();
  await lab.compose("services/plex~", "stop");
  const { document } = await lab.json("ensure", "plex~");
  expect(document.steps[0]).toMatchObject({ action: "start", result: "changed" });
  expect(await lab.ids()).toEqual(before);
});

test.concurrent("a service whose container was made anew by hand is adopted again", async () => {
  await using lab = await homelab({ "services/plex~/compose.yml": VOLUME });
  await lab.run("ensure", "plex~");
  await lab.compose("services/plex~", "up", "-d", "--force-recreate");
  const before = await lab.ids();
  expect((await lab.json("plan", "plex~")).document.steps[0]).toMatchObject({
    action: "adopt",
    reason: { code: "replaced", text: "its containers were made anew outside of homelab" },
  });
  expect(await lab.run("ensure", "plex~")).toMatchObject({ code: 0 });
  expect(await lab.ids()).toEqual(before);
});

test.concurrent("a service that runs as two projects is refused, with both and what to do", async () => {
  await using lab = await homelab({ "services/plex~/compose.yml": VOLUME });
  await lab.compose("services/plex~", "up", "-d");
  await lab.compose("services/plex~", "-p", "second~", "up", "-d");
  const before = await lab.ids();
  const refused = await lab.run("ensure", "plex~");
  expect(refused.code).toBe(5);
  expect(refused.stderr).toContain("`plex~` runs twice");
  expect(refused.stderr).toContain("`plex~`");
  expect(refused.stderr).toContain("`second~`");
  expect(refused.stderr).toContain("hint:");
  expect(await lab.ids()).toEqual(before);
});

test.concurrent("a project that a recipe names must be the one that runs", async () => {
  await using lab = await homelab({
    "homelab.yml": "services:\n  plex~: { project: media~ }\n",
    "services/plex~/compose.yml": VOLUME,
  });
  await lab.compose("services/plex~", "up", "-d");
  const before = await lab.ids();
  const refused = await lab.run("ensure", "plex~");
  expect(refused.code).toBe(5);
  expect(refused.stderr).toContain("write `project: plex~`");
  expect(await lab.ids()).toEqual(before);
});

test.concurrent("a project of another directory is not taken over (situation 14)", async () => {
  await using lab = await homelab({
    "services/plex~/compose.yml": VOLUME,
    "elsewhere/compose.yml": VOLUME,
  });
  await lab.compose("elsewhere", "-p", "plex~", "up", "-d");
  const before = await lab.ids();
  const refused = await lab.run("ensure", "plex~");
  expect(refused.code).toBe(5);
  expect(refused.stderr).toContain("<root>/elsewhere");
  expect(refused.stderr).toContain("`project: plex~-2`");
  expect(await lab.ids()).toEqual(before);
});
