import { expect, test } from "bun:test";
import { app, composeFile, idle } from "../helpers/compose.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";
import { IMAGE } from "../helpers/paths.ts";

const WEB = "services/web~";
const FILES = {
  [`${WEB}/compose.yml`]: app(
    {
      environment: { TZ: "${ZONE}", OUTSIDE: "${OUTSIDE:-}" },
      env_file: ["app.env", { path: "maybe.env", required: false }],
      configs: [{ source: "settings", target: "/settings" }],
    },
    { configs: { settings: { file: "./settings.ini" } } },
  ),
  [`${WEB}/.env`]: "ZONE=Etc/UTC\n",
  [`${WEB}/app.env`]: "COLOUR=red\n",
  [`${WEB}/settings.ini`]: "a = 1\n",
  [`${WEB}/README.md`]: "Not an input.\n",
  "services/other~/compose.yml": app(),
};

/** Ensures everything and says what was done to `web~`, after checking that the other service stayed as it was. */
async function ensureWeb(lab: Homelab) {
  const before = await lab.ids();
  const { code, document } = await lab.json("ensure", "all");
  expect(code).toBe(0);
  const after = await lab.ids();
  expect(after["services/other~:app"]).toBe(before["services/other~:app"] as string);
  expect(Object.keys(after)).toEqual(Object.keys(before));
  const web = document.steps.find(({ id }: { id: string }) => id === "web~");
  return { action: web.action, reason: web.reason.text, anew: after[`${WEB}:app`] !== before[`${WEB}:app`] };
}

const updated = (what: string) => ({
  action: "update",
  reason: `${what} changed since it was last ready`,
  anew: true,
});

test.concurrent("editing an input of a service updates that service alone and names the input", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "all");
  const edits: [path: string, text: string][] = [
    ["compose.yml", FILES[`${WEB}/compose.yml`]?.replace('"TZ"', '"ZONE_OF_TIME"') ?? ""],
    [".env", "ZONE=Europe/Berlin\n"],
    ["app.env", "COLOUR=blue\n"],
    ["maybe.env", "SHAPE=round\n"],
    ["settings.ini", "a = 2\n"],
    ["compose.override.yml", composeFile({ app: { environment: { MORE: "yes" } } })],
  ];
  for (const [path, text] of edits) {
    lab.write({ [`${WEB}/${path}`]: text });
    expect(await ensureWeb(lab)).toEqual(updated(path));
  }
  lab.write({ [`${WEB}/README.md`]: "Still no input.\n" });
  expect(await ensureWeb(lab)).toEqual({ action: "none", reason: "ready and up to date", anew: false });
});

test.concurrent("a variable of the environment that the compose file uses is an input too", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "all");
  expect(await ensureWeb(lab.with({ env: { OUTSIDE: "1", UNUSED: "2" } }))).toEqual(
    updated("the variable OUTSIDE of the environment"),
  );
  expect(await ensureWeb(lab.with({ env: { OUTSIDE: "1" } }))).toMatchObject({ action: "none" });
});

test.concurrent("a change of a comment is looked at once and leaves the container", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "all");
  lab.write({ [`${WEB}/.env`]: "# a comment\nZONE=Etc/UTC\n" });
  const { document } = await lab.json("ensure", "all");
  expect(document).toMatchObject({ outcome: "unchanged", changed: 0 });
  expect(await lab.run("ensure", "all")).toEqual({ code: 0, stdout: "", stderr: "" });
});

test.concurrent("another image under the same tag updates the services that use it", async () => {
  await using lab = await homelab({
    "services/web~/compose.yml": app({ image: "local/web~:1" }),
    "services/other~/compose.yml": app(),
  });
  await lab.docker("tag", IMAGE, "local/web~:1");
  await lab.run("ensure", "all");
  expect(await lab.run("ensure", "all")).toEqual({ code: 0, stdout: "", stderr: "" });
  await lab.tool(
    ".",
    "sh",
    "-c",
    `docker save ${IMAGE} >/dev/null; docker export $(docker create --name made~ ${IMAGE}) | docker import --change 'CMD ["sleep", "1000"]' - local/web~:1; docker rm made~`,
  );
  expect(await ensureWeb(lab)).toEqual({
    action: "update",
    reason: "a newer image of local/web~:1 is here",
    anew: true,
  });
  expect(await lab.run("ensure", "all")).toEqual({ code: 0, stdout: "", stderr: "" });
});

test.concurrent("a service that was taken out of the compose file is left alone", async () => {
  await using lab = await homelab({
    "services/web~/compose.yml": composeFile({ app: idle(), extra: idle() }),
  });
  await lab.run("ensure", "web~");
  lab.write({ "services/web~/compose.yml": composeFile({ app: idle() }) });
  expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
  expect(await lab.statuses()).toEqual({ "services/web~:app": "running", "services/web~:extra": "running" });
  expect(await lab.run("ensure", "web~")).toEqual({ code: 0, stdout: "", stderr: "" });
});

test.concurrent("--force makes the targets anew, and not what they need", async () => {
  await using lab = await homelab({
    "homelab.yml": "services:\n  web~: { needs: [other~] }\n",
    "services/web~/compose.yml": app(),
    "services/other~/compose.yml": app(),
  });
  await lab.run("ensure", "web~");
  const before = await lab.ids();
  const { document } = await lab.json("ensure", "--force", "web~");
  expect(document.steps.map(({ id, action, result, reason }: never) => [id, action, result, reason])).toEqual(
    [
      ["other~", "none", "unchanged", { code: "up-to-date", text: "ready and up to date" }],
      ["web~", "recreate", "changed", { code: "forced", text: "asked for with --force" }],
    ],
  );
  const after = await lab.ids();
  expect(after["services/other~:app"]).toBe(before["services/other~:app"] as string);
  expect(after["services/web~:app"]).not.toBe(before["services/web~:app"]);
});

test.concurrent("with COMPOSE_FILE other compose files in the directory are no inputs", async () => {
  await using lab = await homelab({
    [`${WEB}/compose.yml`]: app(),
    [`${WEB}/other.yml`]: app({ hostname: "other" }),
    [`${WEB}/.env`]: "COMPOSE_FILE=other.yml\n",
  });
  await lab.run("ensure", "web~");
  expect(await lab.run("ensure", "web~")).toEqual({ code: 0, stdout: "", stderr: "" });
  lab.write({ [`${WEB}/other.yml`]: app({ hostname: "changed" }) });
  expect((await lab.json("ensure", "web~")).document.steps[0].reason.text).toBe(
    "other.yml changed since it was last ready",
  );
});
