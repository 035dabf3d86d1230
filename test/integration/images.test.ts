import { afterAll, beforeAll, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { app, composeFile, idle } from "../helpers/compose.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";
import { makeImage, script } from "../helpers/registry.ts";

let registry = "";
beforeAll(async () => {
  registry = await script("registry");
});
// Others on this machine may have one of their own.
afterAll(async () => void (await script("down", "registry", registry.split(":")[1] ?? "")));

test.concurrent("pull-images gets what is newer, once, and restarts nothing; update-services brings it into force", async () => {
  await using lab = await homelab({});
  const image = `${registry}/app~:latest`;
  lab.write({
    "homelab.yml": "services:\n  one~: { ready: { stable: 0s } }\n  two~: { ready: { stable: 0s } }\n",
    "services/one~/compose.yml": app({ image: `${image}` }),
    "services/two~/compose.yml": app({ image: "${REPO}", pull_policy: "missing" }),
    "services/two~/.env": `REPO=${image}\n`,
  });
  await makeImage(lab, image, "first");
  await lab.docker("push", "-q", image);
  expect((await lab.run("ensure", "all")).code).toBe(0);
  expect(await lab.run("pull-images")).toEqual({ code: 0, stdout: "", stderr: "" });
  await makeImage(lab, image, "second");
  await lab.docker("push", "-q", image);
  const newer = (await lab.docker("image", "inspect", "-f", "{{.Id}}", image)).trim();
  // This machine knows the first one only.
  const first = (await lab.containers())[0]?.image ?? "";
  await lab.docker("tag", first, image);
  const { code, stderr } = await lab.run("pull-images");
  expect([code, stderr]).toEqual([
    0,
    lab.shared(
      `${lab.own(image)}: pulled in <time> (used by ${lab.own("one~")}, ${lab.own("two~")})\n1 changed in <time>\n`,
    ),
  ]);
  expect((await lab.containers()).map((container) => container.image)).toEqual([first, first]);
  expect((await lab.run("update-services")).code).toBe(0);
  expect((await lab.containers()).map((container) => container.image)).toEqual([newer, newer]);
});

test.concurrent("a registry that refuses is a warning for what is here, and a failure for what is not", async () => {
  await using lab = await homelab({
    "services/one~/compose.yml": app({ image: "127.0.0.1:9/here~:1" }),
  });
  await makeImage(lab, "127.0.0.1:9/here~:1", "here");
  await lab.run("ensure", "all");
  const kept = await lab.run("pull-images", "one~");
  expect(kept.code).toBe(0);
  expect(kept.stderr).toStartWith(
    "warning: update of 127.0.0.1:9/here~:1 skipped, and what is here is kept: ",
  );
  expect((await lab.statuses())["services/one~:app"]).toBe("running");
  lab.write({ "services/one~/compose.yml": app({ image: "127.0.0.1:9/missing~:1" }) });
  const { code, stderr } = await lab.run("pull-images", "one~");
  expect(code).toBe(1);
  expect(stderr).toStartWith(
    "127.0.0.1:9/missing~:1: failed after <time>: the image is not here, and its registry http://127.0.0.1:9 cannot be reached\n",
  );
});

test.concurrent("what is built here, or must not be pulled, is not asked about", async () => {
  await using lab = await homelab({
    "services/one~/compose.yml": app({ pull_policy: "never" }),
    "services/two~/compose.yml": app({ image: "built~", build: "." }),
  });
  expect((await lab.json("pull-images", "one~", "two~", "--dry-run")).document.steps).toEqual([]);
});

/** Images of this homelab that `cleanup` would remove. Others on the daemon have images of their own. */
const removable = async (lab: Homelab, ...words: string[]): Promise<string[]> =>
  (await lab.json("cleanup", "--dry-run", ...words)).document.steps
    .map(({ id }: { id: string }) => id)
    .filter((id: string) => id.includes("~"))
    .sort();

test.concurrent("cleanup keeps whatever a compose file names, also of another homelab", async () => {
  await using lab = await homelab({});
  const repo = "homelab-lab/old~";
  const other = "../other/services/two~/compose.yml";
  for (const tag of ["1", "never", "built", "profile", "borrowed", "elsewhere", "junk"])
    await makeImage(lab, `${repo}:${tag}`, tag);
  const off = (fields: object) => idle({ ...fields, profiles: ["off"] });
  lab.write({
    "services/one~/compose.yml": composeFile({
      app: idle({ image: `${repo}:1`, pull_policy: "never" }),
      never: off({ image: `${repo}:never`, pull_policy: "never" }),
      built: off({ image: `${repo}:built`, build: "." }),
      profile: off({ image: `${repo}:profile`, env_file: "not-there.env" }),
      borrowed: { extends: { file: "base.yml", service: "base" }, profiles: ["off"] },
    }),
    "services/one~/base.yml": composeFile({ base: idle({ image: `${repo}:borrowed` }) }),
    [other]: composeFile({
      app: idle({ image: `${repo}:1`, pull_policy: "never" }),
      off: off({ image: `${repo}:elsewhere` }),
    }),
  });
  expect((await lab.run("ensure", "one~")).code).toBe(0);
  expect((await lab.run("-C", "../other", "ensure", "two~")).code).toBe(0);
  for (const words of [[], ["--all"]]) expect(await removable(lab, ...words)).toEqual([`${repo}:junk`]);
  // What it needs is not known then, and nothing that may be among it goes.
  lab.write({ [other]: "services: [" });
  const { code, stdout, stderr } = await lab.run("cleanup", "--dry-run");
  expect([code, stdout.includes("~"), stderr]).toEqual([
    0,
    false,
    expect.stringContaining(
      "warning: images of <top>/other stay: what two~ needs is not known: malformed YAML in services/two~/compose.yml: ",
    ),
  ]);
});

test.concurrent("cleanup keeps images of releases that another user's runs made", async () => {
  await using lab = await homelab({});
  await lab.tool(".", "git", "init", "-q");
  const repo = "homelab-lab/old~";
  for (const tag of ["1", "2", "3"]) {
    await makeImage(lab, `${repo}:${tag}`, tag);
    lab.write({ "services/one~/compose.yml": app({ image: `${repo}:${tag}`, pull_policy: "never" }) });
    expect((await lab.run("ensure", "one~")).code).toBe(0);
  }
  const cron = lab.with({ env: { HOMELAB_STATE_DIR: `${lab.top}/other` } });
  expect(await removable(cron)).toEqual([`${repo}:1`]);
  // Where that cannot be written down it is said, and no more than that.
  rmSync(lab.path(".git/homelab"), { recursive: true });
  lab.write({
    ".git/homelab": "",
    "services/one~/compose.yml": app({ image: `${repo}:1`, pull_policy: "never" }),
    "services/two~/compose.yml": app({ image: `${repo}:1`, pull_policy: "never" }),
  });
  const { code, stderr } = await lab.run("ensure", "all");
  expect([code, stderr.match(/^warning: .*$/gm)]).toEqual([
    0,
    [
      "warning: <root>/.git/homelab/images.json cannot be written (EEXIST): `homelab cleanup` of another user may remove images of earlier releases",
    ],
  ]);
});

test.concurrent("cleanup removes images of services that nothing needs any more, and nothing else (checklist 10, 29)", async () => {
  await using lab = await homelab({});
  const repo = "homelab-lab/old~";
  const write = (tag: string) =>
    lab.write({ "services/one~/compose.yml": app({ image: `${repo}:${tag}`, pull_policy: "never" }) });
  for (const tag of ["1", "2", "3", "4"]) {
    await makeImage(lab, `${repo}:${tag}`, tag);
    write(tag);
    expect((await lab.run("ensure", "one~")).code).toBe(0);
  }
  await makeImage(lab, "homelab-lab/stranger~:1", "stranger");
  await lab.docker("volume", "create", "keep~");
  const names = async () =>
    lab
      .shared(await lab.docker("images", "--format", "{{.Repository}}:{{.Tag}}"))
      .split("\n")
      .filter((name) => name.includes("~"))
      .sort();
  // Others on this daemon have images of their own: only what is certain is compared.
  const dry = await lab.json("cleanup", "--dry-run");
  const ours = dry.document.steps
    .map(({ id }: { id: string }) => id)
    .filter((id: string) => id.includes("~"));
  expect(ours.sort()).toEqual([`${repo}:1`, `${repo}:2`]);
  expect(dry.document.steps.every(({ effect }: { effect: string }) => effect === "destroy")).toBe(true);
  const refused = await lab.run("cleanup");
  expect(refused.code).toBe(5);
  expect(refused.stderr).toContain("hint: say yes in advance with `--yes`");
  expect(await names()).toEqual(
    ["1", "2", "3", "4"].map((tag) => `${repo}:${tag}`).concat("homelab-lab/stranger~:1"),
  );
  const { code, stderr } = await lab.run("cleanup", "--yes");
  expect(code).toBe(0);
  expect(stderr).toMatch(/^images took [\d.]+ .B and take [\d.]+ .B now$/m);
  expect(await names()).toEqual([`${repo}:3`, `${repo}:4`, "homelab-lab/stranger~:1"]);
  expect(await lab.docker("volume", "ls", "-q")).toContain(lab.own("keep~"));
});
