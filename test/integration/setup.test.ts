import { expect, test } from "bun:test";
import { chmodSync, statSync } from "node:fs";
import { app } from "../helpers/compose.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";

/** The same homelab on a machine whose /etc and /var/lib are copies of its own: setup changes those. */
async function server(lab: Homelab): Promise<Homelab> {
  await lab.tool(".", "mkdir", "-p", "../var", "../home");
  await lab.tool(".", "cp", "-a", "/etc", "../etc");
  const script = 'mount --bind "$0/etc" /etc && mount --bind "$0/var" /var/lib && exec "$@"';
  return lab.with({
    before: ["unshare", "--mount", "sh", "-c", script, lab.top],
    env: { HOME: `${lab.top}/home`, SUDO_USER: undefined, USER: undefined, LOGNAME: undefined },
  });
}

/** A repository to be cloned, in `<top>/up`. */
async function upstream(lab: Homelab): Promise<void> {
  lab.write({
    "../up/services/plex/compose.yml": app(),
    "../up/services/sonarr/shows/compose.yml": app(),
    "../up/services/plex/.env": "TOKEN=planted-secret\n",
  });
  chmodSync(lab.path("../up/services/plex/.env"), 0o644);
  const git = (...words: string[]) =>
    lab.tool("../up", "git", "-c", "user.name=A", "-c", "user.email=a@example.org", ...words);
  await git("init", "-q");
  await git("add", "-A");
  await git("commit", "-qm", "first");
}

test.concurrent("a server is set up step by step, and a second time there is nothing to do (checklist 10)", async () => {
  await using lab = await homelab({});
  await upstream(lab);
  const machine = await server(lab);
  const at = ["setup", `file://${lab.top}/up`, "--user", "games", "-C", `${lab.top}/opt`];
  const dry = await machine.run(...at, "--dry-run");
  expect(dry.code).toBe(0);
  expect(dry.stdout).toStartWith("to do     the repository in <top>/opt");
  expect(statSync(`${lab.top}/opt`, { throwIfNoEntry: false })).toBeUndefined();

  const refused = await machine.run(...at);
  expect([refused.code, refused.stderr]).toEqual([
    5,
    expect.stringContaining("hint: say yes in advance with `--yes`"),
  ]);
  expect(statSync(`${lab.top}/opt`, { throwIfNoEntry: false })).toBeUndefined();

  const done = await machine.run(...at, "--yes");
  expect([done.code, done.stderr]).toEqual([0, ""]);
  expect(`${done.stdout}${dry.stdout}`).not.toContain("planted");
  const games = Number(await lab.tool(".", "id", "-u", "games"));
  for (const dir of ["services/plex", "services/sonarr/shows"]) {
    expect(statSync(`${lab.top}/var/${dir}`).uid).toBe(games);
    expect(statSync(`${lab.top}/opt/${dir}/compose.yml`).uid).toBe(games);
  }
  expect(statSync(`${lab.top}/opt/services/plex/.env`).mode & 0o777).toBe(0o600);
  expect(await Bun.file(`${lab.top}/home/.gitconfig`).text()).toContain(`${lab.top}/opt`);

  const again = await machine.json(...at);
  expect(again.code).toBe(0);
  expect(again.document.steps.filter(({ state }: { state: string }) => state === "to do")).toEqual([]);
});

test.concurrent("who may not do a step is told which, and how", async () => {
  await using lab = await homelab({});
  await upstream(lab);
  const machine = await server(lab);
  chmodSync(lab.top, 0o777);
  const admin = machine.with({
    before: ["setpriv", "--reuid=games", "--clear-groups", "--"],
    env: { HOME: lab.top, SUDO_USER: undefined },
  });
  const { code, stderr } = await admin.run(
    "setup",
    `file://${lab.top}/up`,
    "-C",
    `${lab.top}/opt`,
    "--user",
    "games",
    "--yes",
  );
  expect(code).toBe(77);
  expect(stderr).toStartWith("error: root is needed to: the repository in <top>/opt");
  expect(stderr).toEndWith("hint: run it again as `sudo homelab setup`\n");
});

test.concurrent("a user that is not there, and an address that cannot be cloned, are said plainly", async () => {
  await using lab = await homelab({});
  await upstream(lab);
  const machine = await server(lab);
  const nobody = await machine.run(
    "setup",
    `file://${lab.top}/nowhere`,
    "-C",
    `${lab.top}/opt`,
    "--user",
    "games",
    "--yes",
  );
  expect([nobody.code, nobody.stderr]).toEqual([1, expect.stringContaining("error: git clone failed: ")]);
  expect(
    (await machine.run("setup", "-C", `${lab.top}/up`, "--user", "no-such-user", "--dry-run")).code,
  ).toBe(2);
});
