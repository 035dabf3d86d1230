import { expect, test } from "bun:test";
import { app } from "../helpers/compose.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";

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
    stdout: "web~  create  it has no containers yet\n1 to change, 0 as they are\n",
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
