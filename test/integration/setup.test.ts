import { expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync } from "node:fs";
import { app } from "../helpers/compose.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";
import { adminOf, dockerForAll, nixos } from "../helpers/nixos.ts";

/** The same homelab on a machine whose /etc and /var/lib are copies of its own: setup changes those. */
async function server(lab: Homelab): Promise<Homelab> {
  await lab.tool(".", "mkdir", "-p", "../var", "../home");
  await lab.tool(".", "cp", "-a", "/etc", "../etc");
  await lab.tool(".", "sed", "-i", `s|^root:.*|root:x:0:0:root:${lab.top}/home:/bin/sh|`, "../etc/passwd");
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

test.concurrent("a link in services and a relative root are no trouble, and data of containers is left alone", async () => {
  await using lab = await homelab({});
  await upstream(lab);
  symlinkSync("/nowhere", lab.path("../up/services/plex/library"));
  await lab.tool("../up", "git", "add", "-A");
  await lab.tool(
    "../up",
    "git",
    "-c",
    "user.name=A",
    "-c",
    "user.email=a@example.org",
    "commit",
    "-qm",
    "link",
  );
  const machine = (await server(lab)).with({ cwd: ".." });
  const at = ["setup", `file://${lab.top}/up`, "--user", "games", "-C", "opt", "--yes"];
  const { code, stdout, stderr } = await machine.run(...at);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("root's git trusts <top>/opt\n");
  lab.write({ "../opt/services/plex/data/db": "rows\n", "../opt/services/plex/.env.local": "A=b\n" });
  expect((await machine.run(...at)).code).toBe(0);
  const foreign = await lab.tool("../opt", "find", ".", "!", "-user", "games");
  expect(foreign.split("\n").filter(Boolean).sort()).toEqual([
    "./services/plex/data",
    "./services/plex/data/db",
  ]);
  const again = await machine.json(...at);
  expect(again.document.steps.filter(({ state }: { state: string }) => state === "to do")).toEqual([]);
});

test.concurrent("a repository of somebody else can be looked at by everybody", async () => {
  await using lab = await homelab({});
  await upstream(lab);
  const machine = await server(lab);
  const at = ["setup", "--user", "games", "-C", `${lab.top}/up`];
  const toDo = async (who: Homelab) => {
    const { code, document } = await who.json(...at, "--dry-run");
    const open = document.steps.filter(({ state }: { state: string }) => state === "to do");
    return [code, open.map(({ id, why }: never) => `${id}: ${why}`)];
  };
  chmodSync(`${lab.top}/up/.git/objects`, 0o700);
  mkdirSync(`${lab.top}/games`);
  const admin = machine.with({
    before: [
      ...["unshare", "--mount", "sh", "-c"],
      'mount --bind "$0/var" /var/lib && exec "$@"',
      lab.top,
    ].concat(["setpriv", "--reuid=games", "--clear-groups", "--"]),
    env: { HOME: `${lab.top}/games` },
  });
  const [code, open] = await toDo(admin);
  expect([code, open]).toEqual([
    0,
    expect.arrayContaining([expect.stringMatching(/^owner: \d+ files belong/)]),
  ]);
  // The other way round: root looks at the admin's, which root's git is not told to trust yet.
  await lab.tool("..", "chown", "-R", "games", "up");
  expect(await toDo(machine)).toEqual([
    0,
    [
      "safe-directory: `git config --global --add safe.directory`",
      expect.stringMatching(/^data: /),
      "private: 1 can be read by others",
      expect.stringMatching(/^docker-group: /),
    ],
  ]);
});

test.concurrent("after it root's cron and the admin deploy in turns, and know what the other one did", async () => {
  await using lab = await homelab({});
  const git = (dir: string, ...words: string[]) =>
    lab.tool(dir, "git", "-c", "user.name=A", "-c", "user.email=a@example.org", ...words);
  await git(".", "init", "-q", "--bare", "-b", "main", `${lab.top}/up.git`);
  await git(".", "clone", "-q", `${lab.top}/up.git`, `${lab.top}/laptop`);
  const push = async (files: Record<string, string>) => {
    for (const [path, text] of Object.entries(files)) lab.write({ [`../laptop/${path}`]: text });
    await git("../laptop", "add", ".");
    await git("../laptop", "commit", "-qm", "more");
    await git("../laptop", "push", "-q", "origin", "HEAD:main");
  };
  await push({
    "homelab.yml": "services:\n  web~: { ready: { stable: 0s } }\n",
    "services/web~/compose.yml": app(),
    "nixos/configuration.nix": "{}\n",
  });
  const { lab: root, calls } = await nixos(lab);
  const home = (name: string) => ({
    HOME: `${lab.top}/${name}`,
    HOMELAB_STATE_DIR: `${lab.top}/state-${name}`,
  });
  const cron = root.with({ env: { ...home("home"), SUDO_USER: undefined } });
  const setUp = await cron.run(
    "setup",
    `file://${lab.top}/up.git`,
    "--user",
    "games",
    "-C",
    `${lab.top}/opt`,
    "-y",
  );
  expect([setUp.code, setUp.stderr]).toEqual([0, ""]);

  const machine = await nixos(lab, adminOf(lab));
  // The other side is on the same machine here, and root's.
  await git(
    ".",
    "config",
    "--file",
    `${lab.top}/etc/gitconfig`,
    "--add",
    "safe.directory",
    `${lab.top}/up.git`,
  );
  // This one's sudo asks for a password.
  await lab.tool(".", "rm", "../bin/sudo");
  mkdirSync(`${lab.top}/games`);
  mkdirSync(`${lab.top}/state-games`);
  const { uid, gid } = statSync(`${lab.top}/opt`);
  for (const dir of ["games", "state-games"]) chownSync(`${lab.top}/${dir}`, uid, gid);
  const admin = machine.lab.with({ env: { ...home("games"), ...dockerForAll(lab) } });
  const deploy = async (who: Homelab) => {
    const { code, stderr } = await who.run("-C", `${lab.top}/opt`, "deploy", "all");
    return [code, ...stderr.split("\n").filter((line) => /^(?:git pull|nixos-rebuild|web)/.test(line))];
  };
  const pulled = expect.stringMatching(/^git pull: ran in /);
  // Whether the system is as it should be is known to nobody yet, and only root can switch it.
  expect(await deploy(admin)).toEqual([77, expect.stringMatching(/^nixos-rebuild: failed/)]);
  expect(await deploy(cron)).toEqual([
    0,
    expect.stringMatching(/^nixos-rebuild: activated in /),
    "web~: created in <time>",
  ]);
  expect(await deploy(admin)).toEqual([0]);
  for (const who of [cron, admin, cron, admin]) {
    await push({ [`new/${Math.random()}`]: "text\n", README: `${Math.random()}\n` });
    expect(await deploy(who)).toEqual([0, pulled]);
    expect(await lab.tool("../opt", "find", ".", "!", "-user", "games")).toBe("");
  }
  expect((await calls()).length).toBe(1);

  expect((await admin.run("-C", `${lab.top}/opt`, "stop", "web~")).stderr).not.toContain("warning");
  expect(await deploy(cron)).toEqual([0]);
  expect(Object.values(await lab.statuses())).toEqual(["exited"]);

  await push({ "nixos/configuration.nix": "{ }\n" });
  expect(await deploy(admin)).toEqual([77, pulled, expect.stringMatching(/^nixos-rebuild: failed/)]);
});

test.concurrent("a hold that only the admin sees is said to be one", async () => {
  await using lab = await homelab({
    "services/web~/compose.yml": app(),
    "homelab.yml": "services: { web~: {} }\n",
  });
  await lab.tool(".", "git", "init", "-q");
  await lab.run("ensure", "all");
  const machine = await nixos(lab, adminOf(lab));
  const admin = machine.lab.with({
    env: { ...dockerForAll(lab), HOMELAB_STATE_DIR: undefined, HOME: `${lab.top}/games` },
  });
  mkdirSync(`${lab.top}/games`);
  chmodSync(`${lab.top}/games`, 0o777);
  expect(await admin.run("stop", "web~")).toEqual({
    code: 0,
    stdout: "",
    stderr: `warning: that web~ is held stands in <top>/games/.local/state/homelab/held.json, which runs of other users do not read: they start it again. <root>/.git/homelab could not be written (EACCES): \`sudo homelab setup\` gives the repository to the admin
web~: stopped in <time> (asked for with \`stop\`)
1 changed in <time>
`,
  });
});
