import { expect, test } from "bun:test";
import { chmodSync, mkdirSync } from "node:fs";
import { app } from "../helpers/compose.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";
import { openInbox } from "../helpers/inbox.ts";
import { adminOf, nixos } from "../helpers/nixos.ts";

const FILES = {
  "homelab.yml": "services:\n  web~: { ready: { stable: 0s } }\n  db~: { ready: { stable: 0s } }\n",
  "services/web~/compose.yml": app(),
  "services/db~/compose.yml": app(),
  ".gitignore": ".env\n",
};

const git = (lab: Homelab, dir: string, ...words: string[]) =>
  lab.tool(dir, "git", "-c", "user.name=A", "-c", "user.email=a@example.org", ...words);

/** A homelab that follows `<top>/up.git`, and a second clone of that to push from. */
async function deployed(): Promise<
  { lab: Homelab; push: (files: Record<string, string>) => Promise<void> } & AsyncDisposable
> {
  const lab = await homelab(FILES);
  await git(lab, ".", "init", "-q", "--bare", `${lab.top}/up.git`);
  await git(lab, ".", "init", "-q", "-b", "main");
  await git(lab, ".", "add", ".");
  await git(lab, ".", "commit", "-qm", "first");
  await git(lab, ".", "remote", "add", "origin", `${lab.top}/up.git`);
  await git(lab, ".", "push", "-qu", "origin", "main");
  await git(lab, ".", "clone", "-qb", "main", `${lab.top}/up.git`, `${lab.top}/laptop`);
  const push = async (files: Record<string, string>) => {
    for (const [path, text] of Object.entries(files)) {
      await Bun.write(`${lab.top}/laptop/${lab.own(path)}`, lab.own(text));
    }
    await git(lab, "../laptop", "add", ".");
    await git(lab, "../laptop", "commit", "-qm", "more");
    await git(lab, "../laptop", "push", "-q");
  };
  return { lab, push, [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]() };
}

const short = (text: string) => text.replace(/\b[0-9a-f]{10}\b/g, "<commit>");

test.concurrent("deploy pulls, reads the recipes anew, and brings up what they say by then", async () => {
  await using made = await deployed();
  const { lab, push } = made;
  expect((await lab.run("deploy", "all")).code).toBe(0);
  expect(await lab.run("deploy", "all")).toEqual({ code: 0, stdout: "", stderr: "" });
  await push({
    "homelab.yml": `${FILES["homelab.yml"]}  new~: { needs: [db~], ready: { stable: 0s } }\n`,
    "services/new~/compose.yml": app(),
    "services/web~/compose.yml": app({ hostname: "other" }),
  });
  const { code, stderr } = await lab.run("deploy-new~");
  expect([code, short(stderr)]).toEqual([
    0,
    `git pull: ran in <time> (1 new commit, now at <commit>)
new~: created in <time>
2 changed in <time>
`,
  ]);
  const { document } = await lab.json("update-services");
  expect(document.steps.map(({ id, action, result }: never) => [id, action, result])).toEqual([
    ["git pull", "run", "unchanged"],
    ["web~", "update", "changed"],
    ["db~", "none", "unchanged"],
    ["new~", "none", "unchanged"],
  ]);
});

test.concurrent("a repository with changes of its own is refused, and nothing is done", async () => {
  await using made = await deployed();
  const { lab } = made;
  lab.write({ "services/web~/compose.yml": app({ hostname: "mine" }) });
  const { stderr, ...rest } = await lab.run("deploy-all");
  expect({ ...rest, stderr: stderr.replace(" after <time>", "") }).toEqual({
    code: 5,
    stdout: "",
    stderr: `git pull: failed: <root> has changes that are not committed: services/web~/compose.yml
  hint: commit or put them away first (\`git -C <root> status\`); or deploy them as they are with \`--no-pull\`
1 failed in <time>
details: homelab report <run>
`,
  });
  expect(await lab.containers()).toEqual([]);
  expect((await lab.run("deploy-all", "--no-pull")).code).toBe(0);
});

test.concurrent("a repository that has gone another way than its upstream is refused", async () => {
  await using made = await deployed();
  const { lab, push } = made;
  await push({ README: "theirs\n" });
  lab.write({ NOTES: "ours\n" });
  await git(lab, ".", "add", ".");
  await git(lab, ".", "commit", "-qm", "ours");
  const { code, stderr } = await lab.run("deploy", "web~");
  expect([code, stderr]).toEqual([
    5,
    `git pull: failed after <time>: <root> and origin/main have gone different ways: 1 commit only here, 1 commit only there
  hint: bring them together yourself: \`git -C <root> pull --rebase\`; or deploy what is here with \`--no-pull\`
1 failed in <time>
details: homelab report <run>
`,
  ]);
  expect(await lab.containers()).toEqual([]);
});

test.concurrent("a remote that cannot be reached is told from a repository that is wrong, without its password", async () => {
  await using made = await deployed();
  const { lab } = made;
  await git(lab, ".", "remote", "set-url", "origin", "http://me:hunter2@127.0.0.1:9/up.git");
  const { code, stderr } = await lab.run("deploy", "web~");
  expect(code).toBe(69);
  expect(stderr).toContain("git fetch failed: fatal: unable to access 'http://127.0.0.1:9/up.git/'");
  expect(stderr).not.toContain("hunter2");
  expect(await lab.containers()).toEqual([]);
});

test.concurrent("a directory that is no repository has nothing to pull", async () => {
  await using lab = await homelab(FILES);
  expect((await lab.run("deploy", "web~")).code).toBe(0);
  expect(await lab.run("deploy", "web~")).toEqual({ code: 0, stdout: "", stderr: "" });
});

test.concurrent("images are got before anything is touched; a service that cannot have its own stays as it is (situation 23)", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "all");
  const before = await lab.ids();
  lab.write({
    "services/web~/compose.yml": app({ image: "127.0.0.1:9/nothing:1" }),
    "services/db~/compose.yml": app({ hostname: "other" }),
  });
  const { code, document } = await lab.json("deploy", "all");
  expect(code).toBe(1);
  expect(document.steps.map(({ id, result }: never) => [id, result])).toEqual([
    ["web~", "failed"],
    ["db~", "changed"],
  ]);
  const after = await lab.ids();
  expect(after["services/web~:app"]).toBe(before["services/web~:app"] as string);
  expect((await lab.statuses())["services/web~:app"]).toBe("running");
});

test.concurrent("a dry run plans with the files as they are and pulls nothing", async () => {
  await using made = await deployed();
  const { lab, push } = made;
  await push({ "services/web~/compose.yml": app({ hostname: "other" }) });
  expect(await lab.run("deploy", "web~", "--dry-run")).toEqual({
    code: 0,
    stdout: `git pull  run     what its upstream has
web~  create  it has no containers yet
2 to change, 0 as they are
`,
    stderr: "planned with the files as they are here: a dry run does not pull\n",
  });
  expect(await git(lab, ".", "log", "--oneline", "origin/main")).toEndWith("first\n");
});

test.concurrent("a system that is no NixOS is not updated: deploy goes on, update-system says so", async () => {
  await using lab = await homelab(FILES);
  expect(await lab.run("update-system")).toEqual({
    code: 69,
    stdout: "",
    stderr: `error: this machine does not run NixOS: there is no system to update
  hint: \`homelab update-services\` deploys the services alone
`,
  });
});

test.concurrent("an upstream branch that is gone is said so, and not taken for one without news", async () => {
  await using made = await deployed();
  const { lab } = made;
  await git(lab, "../up.git", "branch", "-m", "main", "trunk");
  const gone = (how: string) => `git pull: failed after <time>: <root> follows origin/main, which ${how}
  hint: follow the branch that took its place: \`git -C <root> fetch\`, then \`git -C <root> branch --set-upstream-to=origin/NAME\`; or deploy what is here with \`--no-pull\`
1 failed in <time>
details: homelab report <run>
`;
  const deploy = () => lab.run("deploy", "web~");
  expect(await deploy()).toEqual({ code: 5, stdout: "", stderr: gone("is gone from there") });
  // Also when a fetch by hand took the last trace of it away.
  await git(lab, ".", "fetch", "-q", "--prune");
  expect(await deploy()).toEqual({ code: 5, stdout: "", stderr: gone("is gone from there") });
  expect(await lab.containers()).toEqual([]);
  await git(lab, ".", "branch", "-q", "--set-upstream-to=origin/trunk");
  expect((await deploy()).code).toBe(0);
});

/** A homelab whose upstream is reached by ssh; in its place stands a script. */
async function overSsh(lab: Homelab, script: string): Promise<void> {
  lab.write({ "../ssh": `#!/bin/sh\necho "$@" >>'${lab.top}/args'\n${script}\n` });
  chmodSync(lab.path("../ssh"), 0o755);
  await git(lab, ".", "remote", "set-url", "origin", `ssh://git@example.invalid${lab.top}/up.git`);
  await git(lab, ".", "config", "core.sshCommand", `'${lab.top}/ssh' -i key`);
}

test.concurrent("the ssh command that git is told to use is used, and asks nobody anything", async () => {
  await using made = await deployed();
  const { lab, push } = made;
  await push({ README: "theirs\n" });
  // Its last word is the command for the other side, which is this one.
  await overSsh(lab, 'for last; do :; done\neval "$last"');
  expect((await lab.run("deploy", "web~")).code).toBe(0);
  expect(await Bun.file(lab.path("README")).text()).toBe("theirs\n");
  expect(await Bun.file(`${lab.top}/args`).text()).toStartWith("-i key -o BatchMode=yes ");
});

test.concurrent("of what git says that is shown which says why", async () => {
  await using made = await deployed();
  const { lab } = made;
  await overSsh(lab, 'echo "git@example.invalid: Permission denied (publickey)." >&2; exit 255');
  expect(await lab.run("deploy", "web~")).toEqual({
    code: 69,
    stdout: "",
    stderr: `git pull: failed after <time>: git fetch failed: git@example.invalid: Permission denied (publickey).; fatal: Could not read from remote repository.
  hint: try it by hand: \`git -C <root> fetch\`; or deploy what is here with \`--no-pull\`
1 failed in <time>
details: homelab report <run>
`,
  });
});

test.concurrent("files that a pull would overwrite are named and stay, those that git ignores among them", async () => {
  await using made = await deployed();
  const { lab, push } = made;
  await push({ NOTES: "theirs\n", "services/web~/secrets.txt": "theirs\n" });
  const inTheWay = (files: string) => ({
    code: 5,
    stdout: "",
    stderr: `git pull: failed after <time>: <root> has files of its own where the upstream has some now: ${files}
  hint: move them away, or remove them, and deploy again; or deploy what is here with \`--no-pull\`
1 failed in <time>
details: homelab report <run>
`,
  });
  lab.write({ NOTES: "ours\n", "services/web~/secrets.txt": "ours\n" });
  expect(await lab.run("deploy", "web~")).toEqual(inTheWay("NOTES, services/web~/secrets.txt"));
  expect(await Bun.file(lab.path("NOTES")).text()).toBe("ours\n");

  await lab.tool(".", "rm", "NOTES", "services/web~/secrets.txt");
  lab.write({ "services/web~/.env": "TOKEN=ours\n" });
  await Bun.write(`${lab.top}/laptop/${lab.own("services/web~/.env")}`, "TOKEN=theirs\n");
  await git(lab, "../laptop", "add", "-f", "services/web~/.env");
  await push({ MORE: "theirs\n" });
  expect(await lab.run("deploy", "web~")).toEqual(inTheWay("services/web~/.env"));
  expect(await Bun.file(lab.path("services/web~/.env")).text()).toBe("TOKEN=ours\n");
  expect(await lab.containers()).toEqual([]);
});

test.concurrent("who may not write the repository is told so", async () => {
  await using made = await deployed();
  const { lab } = made;
  mkdirSync(`${lab.top}/home`);
  lab.write({ "../home/.gitconfig": `[safe]\n\tdirectory = ${lab.root}\n\tdirectory = ${lab.top}/up.git\n` });
  mkdirSync(`${lab.top}/games`);
  chmodSync(`${lab.top}/games`, 0o777);
  const other = lab.with({
    before: ["setpriv", "--reuid=games", "--clear-groups", "--"],
    env: { HOME: `${lab.top}/home`, HOMELAB_STATE_DIR: `${lab.top}/games` },
  });
  expect(await other.run("update-services")).toEqual({
    code: 77,
    stdout: "",
    stderr: `git pull: failed after <time>: git fetch failed: error: cannot open '.git/FETCH_HEAD': Permission denied
  hint: the repository has to belong to who deploys: \`sudo homelab setup\` gives it to the admin; or deploy what is here with \`--no-pull\`
1 failed in <time>
details: homelab report <run>
`,
  });
});

test.concurrent("a hook of another repository may deploy: what git tells it of that one is not taken over", async () => {
  await using made = await deployed();
  const { lab, push } = made;
  await push({ README: "theirs\n" });
  const hook = lab.with({
    env: {
      GIT_DIR: `${lab.top}/up.git`,
      GIT_WORK_TREE: lab.top,
      GIT_INDEX_FILE: `${lab.top}/up.git/index`,
      GIT_PREFIX: "",
      GIT_QUARANTINE_PATH: `${lab.top}/up.git/objects`,
    },
  });
  const { code, stderr } = await hook.run("deploy", "web~");
  expect([code, short(stderr)]).toEqual([
    0,
    `git pull: ran in <time> (1 new commit, now at <commit>)
web~: created in <time>
2 changed in <time>
`,
  ]);
  expect(await Bun.file(lab.path("README")).text()).toBe("theirs\n");
});

const BOOK = FILES["homelab.yml"];
/** What the runs of the history were, the newest first, with their steps. */
const history = async (lab: Homelab) => {
  const { document } = await lab.json("history");
  return Promise.all(
    document.runs.map(async ({ run: id }: { run: string }) => {
      const { document: run } = await lab.json("report", id);
      return [
        run.command,
        ...run.steps.map((step: { id: string; result: string }) => `${step.id}: ${step.result}`),
      ];
    }),
  );
};

test.concurrent("a word that means nothing is said before anything is pulled, switched or written down", async () => {
  await using made = await deployed();
  const machine = await nixos(made.lab);
  const { lab } = machine;
  expect(await lab.run("deploy", "web~", "wep~")).toEqual({
    code: 2,
    stdout: "",
    stderr: "error: unknown target `wep~`\n  hint: did you mean `web~`?\n",
  });
  // Whether the upstream knows it cannot be said.
  await git(lab, ".", "remote", "set-url", "origin", `${lab.top}/nowhere.git`);
  expect(await lab.run("deploy", "wep~")).toEqual({
    code: 2,
    stdout: "",
    stderr: `warning: whether the upstream knows better could not be asked: git fetch failed: fatal: '<top>/nowhere.git' does not appear to be a git repository; fatal: Could not read from remote repository.
error: unknown target \`wep~\`
  hint: did you mean \`web~\`?
`,
  });
  expect([await machine.calls(), await history(lab), await lab.containers()]).toEqual([[], [], []]);
});

test.concurrent("a word that not even the upstream's news make right is said before they are pulled", async () => {
  await using made = await deployed();
  const machine = await nixos(made.lab);
  const { lab } = machine;
  await made.push({ "nixos/configuration.nix": "{}\n", "services/new~/compose.yml": app() });
  expect(await lab.run("deploy", "new~", "wep~")).toEqual({
    code: 2,
    stdout: "",
    stderr: "error: unknown target `wep~`\n  hint: did you mean `web~`?\n",
  });
  expect(await Bun.file(lab.path("services/new~/compose.yml")).exists()).toBe(false);
  expect([await machine.calls(), await history(lab), await lab.containers()]).toEqual([[], [], []]);
  // One that only the upstream has, beside one that it does not have.
  lab.write({ "services/mine~/compose.yml": app() });
  expect((await lab.run("deploy", "mine~", "new~", "--no-system")).code).toBe(0);
  expect(Object.keys(await lab.statuses())).toEqual(["services/mine~:app", "services/new~:app"]);
});

test.concurrent("a group that is renamed upstream is told of by the run that finds it missing, and once", async () => {
  await using made = await deployed();
  const { lab, push } = made;
  const groups = (name: string) => ({ "homelab.yml": `${BOOK}groups:\n  ${name}: [web~]\n` });
  await push(groups("media~"));
  await git(lab, ".", "pull", "-q");
  using inbox = openInbox();
  lab.write({ "../notify.env": `WEBHOOK_URL=${inbox.url}/hook\n` });
  chmodSync(lab.path("../notify.env"), 0o600);
  const cron = lab.with({
    env: { HOMELAB_NOTIFY: undefined, HOMELAB_NOTIFY_FILE: lab.path("../notify.env") },
  });
  const night = async () => {
    const { code } = await cron.run("deploy-media~");
    return [code, ...inbox.documents().map(({ title }) => lab.shared(title).replace(/^.*?: /, ""))];
  };
  expect(await night()).toEqual([0]);
  await push(groups("films~"));
  expect(await night()).toEqual([2, "homelab deploy media~ failed"]);
  expect(await night()).toEqual([2]);
  expect(await night()).toEqual([2]);
  await push(groups("media~"));
  expect(await night()).toEqual([0, "homelab deploy media~ recovered"]);
});

test.concurrent("recipes that are broken upstream are in the history, and nothing is switched", async () => {
  await using made = await deployed();
  const machine = await nixos(made.lab);
  const { lab } = machine;
  await made.push({ "homelab.yml": "services:\n  web~: { neds: [db~] }\n  db~: { rollback: perhaps }\n" });
  const { code, stderr } = await lab.run("deploy", "web~");
  expect([code, short(stderr)]).toEqual([
    78,
    `git pull: ran in <time> (1 new commit, now at <commit>)
homelab deploy web~: failed: homelab.yml:2: unknown key \`neds\` of service \`web~\` (and 1 more)
  | homelab.yml:3: \`rollback\` of service \`db~\` must be \`auto\`, \`manual\` or \`never\`, not \`perhaps\`
  hint: did you mean \`needs\`?
1 changed, 1 failed in <time>
details: homelab report <run>
`,
  ]);
  expect(await machine.calls()).toEqual([]);
  expect(await history(lab)).toEqual([["deploy web~", "git pull: changed", "homelab deploy web~: failed"]]);
  // What the upstream has by now may be right again.
  await made.push({ "homelab.yml": BOOK });
  expect((await lab.run("deploy", "web~")).code).toBe(0);
});

test.concurrent("a deploy that cannot go on after its pull leaves word of the pull", async () => {
  await using made = await deployed();
  const { lab, push } = made;
  await push({ README: "theirs\n" });
  const { code, stderr } = await lab
    .with({ env: { DOCKER_HOST: `unix://${lab.top}/nothing.sock` } })
    .run("deploy", "web~");
  expect([code, short(stderr)]).toEqual([
    69,
    expect.stringMatching(
      /^git pull: ran in <time> \(1 new commit, now at <commit>\)\nhomelab deploy web~: failed: .*Docker/,
    ),
  ]);
  expect(await history(lab)).toEqual([["deploy web~", "git pull: changed", "homelab deploy web~: failed"]]);
});

const HANGING = "exec tail -f /dev/null";
/** Outcome, and each step with its result, of the last run. */
const lastRun = async (lab: Homelab) => {
  const { document } = await lab.json("report");
  return [document.outcome, ...document.steps.map(({ id, result }: never) => `${id}: ${result}`)];
};

test.concurrent("a pull that hangs is out of time, and interrupted by who does not want to wait", async () => {
  await using made = await deployed();
  const { lab } = made;
  await overSsh(lab, HANGING);
  const late = await lab.run("deploy", "web~", "--timeout", "1s");
  expect([late.code, late.stderr]).toEqual([
    124,
    `git pull: timed out after <time>: broken off during git fetch
1 timed out in <time>
details: homelab report <run>
`,
  ]);
  expect(await lastRun(lab)).toEqual(["failed", "git pull: timed-out"]);
  // The upstream is asked about a word that is unknown here as well.
  const doubtful = await lab.run("deploy", "wep~", "--timeout", "1s");
  expect([doubtful.code, doubtful.stderr]).toEqual([
    124,
    "error: out of time while the upstream was asked: unknown target `wep~`\n  hint: did you mean `web~`?\n",
  ]);

  await lab.tool(".", "rm", "../args");
  const run = lab.start("deploy", "web~");
  await eventually("ssh is called", () => Bun.file(`${lab.top}/args`).exists());
  run.kill("SIGINT");
  await eventually("the first Ctrl-C is answered", () => run.said().includes("stopping"));
  run.kill("SIGINT");
  expect((await run.ended).code).toBe(130);
  expect(await lastRun(lab)).toEqual(["interrupted", "git pull: cancelled"]);
});

test.concurrent("a system that is not switched in time, or interrupted, is said to be so", async () => {
  await using lab = await homelab(FILES);
  const machine = await nixos(lab);
  machine.does(HANGING);
  const late = await machine.lab.run("update-system", "--timeout", "1s");
  expect([late.code, late.stderr]).toEqual([
    124,
    `nixos-rebuild: timed out after <time>: nixos-rebuild was broken off
  hint: try it by hand: \`nixos-rebuild switch\`; the services were left as they are
1 timed out in <time>
details: homelab report <run>
`,
  ]);
  const run = machine.lab.start("update-system");
  await eventually("nixos-rebuild is called", async () => (await machine.calls()).length === 2);
  run.kill("SIGTERM");
  await eventually("the first signal is answered", () => run.said().includes("stopping"));
  run.kill("SIGTERM");
  expect((await run.ended).code).toBe(143);
  expect(await lastRun(lab)).toEqual(["interrupted", "git pull: unchanged", "nixos-rebuild: cancelled"]);
});

test.concurrent("what root does for an admin is waited for when it cannot be broken off", async () => {
  await using lab = await homelab(FILES);
  const machine = await nixos(lab, adminOf(lab));
  mkdirSync(`${lab.top}/games`);
  chmodSync(`${lab.top}/games`, 0o777);
  machine.does(`until [ -e '${lab.top}/go' ]; do sleep 0.1; done`);
  const run = machine.lab
    .with({ env: { HOMELAB_STATE_DIR: `${lab.top}/games` } })
    .start("update-system", "--timeout", "1s", "--verbose");
  await eventually("it cannot be broken off", () => run.said().includes("cannot be broken off"));
  lab.write({ "../go": "" });
  const { code, stderr } = await run.ended;
  expect([code, stderr]).toEqual([0, expect.stringContaining("nixos-rebuild: activated in ")]);
  expect(await machine.calls()).toEqual(["root: switch"]);
});

test.concurrent("a system that is as it should be is not said to be activated", async () => {
  await using made = await deployed();
  const { lab, calls } = await nixos(made.lab);
  await made.push({ "nixos/configuration.nix": "{}\n" });
  expect((await lab.run("deploy", "web~")).code).toBe(0);
  const { code, stderr } = await lab.run("deploy", "web~", "--verbose");
  expect([code, stderr]).toEqual([
    0,
    expect.stringMatching(
      /^1 step planned\ngit pull: git fetch\ngit pull: unchanged\n1 step planned\nnixos-rebuild: unchanged\n1 ready, nothing to do/,
    ),
  ]);
  expect(await calls()).toEqual(["root: switch"]);
});

test.concurrent("a deploy of what other machines alone run leaves this system as it is", async () => {
  const nowhere = "root@127.0.0.1:9";
  await using lab = await homelab({
    ...FILES,
    "homelab.yml": `${BOOK}microvms: { vm1: { host: "${nowhere}" } }\n`,
  });
  const { lab: laptop, calls } = await nixos(lab);
  const away = await laptop.run("deploy", "vm1", "--no-pull");
  expect(away).toMatchObject({ code: 69, stderr: expect.stringContaining(nowhere) });
  expect(await calls()).toEqual([]);
  await laptop.run("deploy", "vm1", "web~", "--no-pull");
  expect(await calls()).toEqual(["root: switch"]);
});

test.concurrent("a dry run shows the pull and the switch of the system as well", async () => {
  await using made = await deployed();
  const { lab, calls } = await nixos(made.lab);
  const plan = async (...words: string[]) => {
    const { code, stdout } = await lab.run(...words, "--dry-run");
    return [code, ...stdout.trimEnd().replace(/ {2,}/g, "  ").split("\n")];
  };
  expect(await plan("deploy-all")).toEqual([
    0,
    "git pull  run  what its upstream has",
    "nixos-rebuild  activate  `nixos-rebuild switch`: homelab has not switched it yet",
    "web~  create  it has no containers yet",
    "db~  create  it has no containers yet",
    "4 to change, 0 as they are",
  ]);
  expect((await lab.run("deploy-all")).code).toBe(0);
  const maybe = "nixos-rebuild  activate  `nixos-rebuild switch`: if the pull changes its configuration";
  expect(await plan("deploy-all")).toEqual([
    0,
    "git pull  run  what its upstream has",
    maybe,
    "2 to change, 2 as they are",
  ]);
  expect(await plan("deploy-all", "--no-pull")).toEqual([0, "nothing to do: 3 ready"]);
  expect(await plan("update-system", "--no-pull")).toEqual([
    0,
    "nixos-rebuild  activate  `nixos-rebuild switch`: asked for",
    "1 to change, 0 as they are",
  ]);
  lab.write({ "homelab.yml": `${BOOK}\n` });
  expect(await plan("deploy-all")).toEqual([
    0,
    "git pull  blocked  <root> has changes that are not committed: homelab.yml",
    maybe,
    "1 to change, 1 blocked, 2 as they are",
  ]);
  const { document } = await lab.json("update-system", "--dry-run");
  expect(document.steps.map(({ id, action }: never) => [id, action])).toEqual([
    ["git pull", "blocked"],
    ["nixos-rebuild", "activate"],
  ]);
  expect(await calls()).toEqual(["root: switch"]);
});
