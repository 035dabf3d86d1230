import { expect, test } from "bun:test";
import { app, composeFile, idle, shell } from "../helpers/compose.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";
import { IMAGE } from "../helpers/paths.ts";

/** Updates that do not work out: situations 36, 37 and 38 of the list in issue 4. */

const WEB = "services/web~/compose.yml";
const book = (rollback: string) =>
  `services:\n  web~: { rollback: ${rollback}, ready: { stable: 4s } }\n  top~: { needs: [web~], ready: { stable: 0s } }\n`;
const TOP = { "services/top~/compose.yml": app() };
const hostname = async (lab: Homelab) =>
  (await lab.docker("inspect", "-f", "{{.Config.Hostname}} {{.State.Status}}", "web~-app-1")).trim();
/** Makes an image that runs a command, and gives it the tag. */
const image = async (lab: Homelab, tag: string, line: string) => {
  const id = (await lab.docker("create", IMAGE, "true")).trim();
  await lab.docker("commit", "--change", `CMD ["sh", "-c", "${line}"]`, id, tag);
  await lab.docker("rm", id);
};

test.concurrent("situation 36: an image that starts and then breaks goes back, and cron does not try it again", async () => {
  await using lab = await homelab({
    "homelab.yml": book("auto"),
    [WEB]: app({ image: "web~", pull_policy: "never" }),
    ...TOP,
  });
  await image(lab, "web~:latest", "exec sleep 1000");
  expect((await lab.run("ensure", "all")).code).toBe(0);
  await image(lab, "web~:latest", "echo it begins well; sleep 2; echo no such table; exit 1");
  expect(await lab.run("ensure", "all")).toEqual({
    code: 1,
    stdout: "",
    stderr: `web~: failed after <time>: web~-app-1 exited with code 1; rolled back, what ran before serves again
  | it begins well
  | no such table
  hint: the next run leaves it so until its files or its image change; \`homelab ensure web~ --force\` tries again
1 failed in <time>
details: homelab report <run>
`,
  });
  expect(await lab.run("ensure", "all")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect((await lab.statuses())["services/web~:app"]).toBe("running");
});

const withJob = (name: string) =>
  composeFile({
    app: idle({ hostname: name }),
    job: { image: "web~:job", pull_policy: "never", network_mode: "none" },
  });

test.concurrent("situation 37: an update that could not go back is refused before anything is touched", async () => {
  await using lab = await homelab({ "homelab.yml": book("auto"), [WEB]: withJob("one"), ...TOP });
  await image(lab, "web~:job", "echo done");
  expect((await lab.run("ensure", "all")).code).toBe(0);
  const before = await lab.ids();
  const id = (await lab.docker("images", "--quiet", "web~")).trim();
  await lab.docker("rmi", "--force", "web~:job");
  lab.write({ [WEB]: withJob("two") });
  const refused = {
    code: 5,
    stdout: "",
    stderr: `error: \`web~\` is not updated: its recipe says \`rollback: auto\`, and there would be no way back, for its image of web~:job (${id}) is no longer here
  hint: what runs is left alone; \`homelab ensure web~ --force\` updates it without a way back
`,
  };
  expect(await lab.run("plan", "all")).toEqual(refused);
  expect(await lab.run("ensure", "all")).toEqual(refused);
  expect(await lab.ids()).toEqual(before);
  await image(lab, "web~:job", "echo done again");
  expect((await lab.run("ensure", "web~", "--force")).code).toBe(0);
  expect(await hostname(lab)).toBe("two running");
});

test.concurrent("situation 37: what has no way back is refused by a restart as well, and runs on as it is", async () => {
  await using lab = await homelab({ "homelab.yml": book("auto"), [WEB]: withJob("one"), ...TOP });
  await image(lab, "web~:job", "echo done");
  expect((await lab.run("ensure", "all")).code).toBe(0);
  const { document } = await lab.json("status", "web~");
  await lab.docker("rmi", "--force", "web~:job");
  lab.write({ [WEB]: withJob("two") });
  const { code, stderr } = await lab.run("restart", "web~");
  expect([code, stderr]).toEqual([5, expect.stringContaining("there would be no way back")]);
  expect(await hostname(lab)).toBe("one running");
  // That an update would be refused says nothing of what runs.
  expect((await lab.json("status", "web~")).document.recipes[0]).toMatchObject({
    state: "ready",
    detail: document.recipes[0].detail,
  });
  expect(await lab.run("status", "all")).toMatchObject({ code: 0 });
  expect((await lab.run("why", "web~")).stdout).toStartWith("web~ is ready");
});

test.concurrent("situation 36: files that a restart brings into force go back as well, and so does a switch that was broken off", async () => {
  await using lab = await homelab({
    "homelab.yml": book("auto"),
    [WEB]: app({ hostname: "one" }),
    ...TOP,
  });
  expect((await lab.run("ensure", "all")).code).toBe(0);
  for (const [words, action] of [
    [["restart", "web~"], "restart"],
    [["ensure", "web~"], "repair"],
  ] as const) {
    const id = (await lab.docker("inspect", "-f", "{{.Id}}", "web~-app-1")).trim();
    if (action === "repair") await lab.docker("rename", id, `${id.slice(0, 12)}_${lab.own("web~-app-1")}`);
    lab.write({ [WEB]: app({ hostname: action, ...shell("exit 3") }) });
    expect((await lab.json(...words)).document.steps).toMatchObject([
      { id: "web~", action, result: "failed", reason: { code: "rolled-back" } },
    ]);
    expect(await hostname(lab)).toBe("one running");
    expect(await lab.run("ensure", "all")).toEqual({ code: 0, stdout: "", stderr: "" });
  }
});

test.concurrent("situation 37: a rollback to an image that has gone is refused before anything stops", async () => {
  await using lab = await homelab({ "homelab.yml": book("manual"), [WEB]: withJob("one"), ...TOP });
  await image(lab, "web~:job", "echo done");
  await lab.run("ensure", "all");
  const id = (await lab.docker("images", "--quiet", "web~")).trim();
  lab.write({ [WEB]: withJob("two") });
  await image(lab, "web~:job", "echo new");
  await lab.run("ensure", "all");
  await lab.docker("rmi", "--force", id);
  const before = await lab.ids();
  const { code, stderr } = await lab.run("rollback", "web~");
  expect(code).toBe(5);
  expect(stderr).toMatch(
    new RegExp(
      lab.shared(
        `^error: \`web~\` cannot go back to release \\d+: its image of web~:job \\(${id}\\) is no longer here\\n {2}hint: choose another one: \`homelab rollback web~ --list\`\\n`,
      ),
    ),
  );
  expect(await lab.ids()).toEqual(before);
});

test.concurrent("situation 38: with `rollback: never` nothing goes back, neither by itself nor when asked", async () => {
  await using lab = await homelab({ "homelab.yml": book("never"), [WEB]: app({ hostname: "one" }), ...TOP });
  await lab.run("ensure", "all");
  lab.write({ [WEB]: app({ hostname: "migrated", ...shell("echo schema 2; exit 3") }) });
  expect((await lab.json("ensure", "web~")).document.steps[0]).toMatchObject({
    action: "update",
    result: "failed",
    detail: "web~-app-1 exited with code 3",
  });
  expect(await hostname(lab)).toBe("migrated exited");
  const { code, stderr } = await lab.run("rollback", "web~");
  expect([code, stderr.replace(" after <time>", "")]).toEqual([
    5,
    `web~: failed: \`web~\` is never rolled back: its recipe says \`rollback: never\`
  hint: what ran before may not be able to read its data any more; write \`rollback: manual\` when you know that it can
1 failed in <time>
details: homelab report <run>
`,
  ]);
  expect(await hostname(lab)).toBe("migrated exited");
});

test.concurrent("situation 38: what comes before an update runs before it, and keeps it back when it fails", async () => {
  await using lab = await homelab({
    "homelab.yml": `services:
  web~: { before_update: snapshot, ready: { stable: 0s } }
tasks:
  snapshot:
    run: ['echo "$HOMELAB_SERVICE $HOMELAB_SERVICE_DIR" >> snapshots', 'test ! -e full || { echo no space in pool; exit 28; }']
`,
    [WEB]: app({ hostname: "one" }),
  });
  const snapshots = async () =>
    (await Bun.file(lab.path("snapshots")).exists())
      ? lab.shared(await Bun.file(lab.path("snapshots")).text())
      : "";
  expect((await lab.run("ensure", "web~")).code).toBe(0);
  expect((await lab.run("ensure", "web~")).code).toBe(0);
  // Nothing that could be lost by then.
  expect(await snapshots()).toBe("");
  lab.write({ [WEB]: app({ hostname: "two" }), full: "" });
  const { document } = await lab.json("plan", "web~");
  expect(document.steps[0].reason.text).toBe(
    "compose.yml changed since it was last ready; `snapshot` runs first",
  );
  expect(await lab.run("ensure", "web~")).toEqual({
    code: 1,
    stdout: "",
    stderr: `web~: failed after <time>: not updated: \`test ! -e full || { echo no space in pool; exit 28; }\` of the task \`snapshot\`, which comes before, exited with code 28
  | no space in pool
  hint: what ran before runs on; correct the task, or take \`before_update\` out of the recipe
1 failed in <time>
details: homelab report <run>
`,
  });
  expect(await hostname(lab)).toBe("one running");
  await lab.tool(".", "rm", "full");
  expect((await lab.run("ensure", "web~")).code).toBe(0);
  expect(await hostname(lab)).toBe("two running");
  expect(await snapshots()).toBe("web~ <root>/services/web~\n".repeat(2));
});
