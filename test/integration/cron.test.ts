import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { app, shell } from "../helpers/compose.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";
import { BINARY } from "../helpers/paths.ts";

const WEB = "services/web~/compose.yml";
/** The home directory that this user has without being told. */
const HOME = homedir();

/** The homelab as it is called with these variables, and with no others. */
const bare = (lab: Homelab, ...variables: string[]): Homelab =>
  lab.with({ before: ["/usr/bin/env", "-i", `HOMELAB_STATE_DIR=${lab.state}`, ...variables] });

describe("a bare environment (checklist 13)", () => {
  test.concurrent.each([
    ["what cron gives", ["PATH=/usr/bin:/bin", `HOME=${HOME}`, "SHELL=/bin/sh", "LOGNAME=root"]],
    ["what a system unit may get", ["PATH=/usr/bin:/bin"]],
    ["nothing at all", []],
  ])("%s does for a whole run", async (_, variables) => {
    await using lab = await homelab({ [WEB]: app() });
    const cron = bare(lab, ...variables);
    expect(await cron.run("ensure", "web~")).toEqual({
      code: 0,
      stdout: "",
      stderr: "web~: created in <time>\n1 changed in <time>\n",
    });
    expect(await cron.run("ensure", "web~")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await lab.statuses()).toEqual({ "services/web~:app": "running" });
  });

  test.concurrent("a compose file's ${HOME} is the same as by day", async () => {
    await using lab = await homelab({ [WEB]: app({ environment: { WHERE: "${HOME}/data" } }) });
    await lab.with({ env: { HOME } }).run("ensure", "web~");
    const before = await lab.ids();
    expect(await bare(lab).run("ensure", "web~")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await lab.ids()).toEqual(before);
    const [container = ""] = Object.values(before);
    expect(await lab.docker("inspect", "--format", "{{json .Config.Env}}", container)).toContain(
      `WHERE=${HOME}/data`,
    );
  });
});

test.concurrent("a timer's run prints nothing, one summary, or the failed step and where to read on (checklist 7, 8)", async () => {
  await using lab = await homelab({ [WEB]: app(), "services/db~/compose.yml": app() });
  const cron = bare(lab, "PATH=/usr/bin:/bin", `HOME=${HOME}`);
  const changed = await cron.run("ensure", "all");
  expect(changed).toMatchObject({ code: 0, stdout: "" });
  expect(changed.stderr.split("\n").sort()).toEqual([
    "",
    "2 changed in <time>",
    "db~: created in <time>",
    "web~: created in <time>",
  ]);
  expect(await cron.run("ensure", "all")).toEqual({ code: 0, stdout: "", stderr: "" });
  lab.write({ [WEB]: app(shell("echo alas; exit 3")) });
  expect(await cron.run("ensure", "all")).toEqual({
    code: 1,
    stdout: "",
    stderr: [
      "web~: failed after <time>: web~-app-1 exited with code 3",
      "  | alas",
      "  hint: `docker logs web~-app-1` shows all that it said",
      "1 failed in <time>",
      "details: homelab report <run>",
      "",
    ].join("\n"),
  });
  expect((await cron.run("ensure", "db~", "-v")).stderr).toBe("1 ready, nothing to do (<time>)\n");
});

test.concurrent("lines for the journal carry a priority, and errors do (checklist 5, 11)", async () => {
  await using lab = await homelab({
    [WEB]: app(shell("echo alas; exit 3")),
    "services/db~/compose.yml": app(),
  });
  const logged = async (words: string) => {
    // The journal's socket is a file here: the variable names whatever standard error leads to.
    const line = `exec 2>journal; JOURNAL_STREAM=$(stat -L -c %d:%i /dev/fd/2) '${BINARY}' ${words}; :`;
    await lab.tool(".", "bash", "-c", line);
    return lab.shared(readFileSync(lab.path("journal"), "utf8")).split("\n");
  };
  expect((await logged("ensure db~ -v")).map((line) => line.replace(/in .* s\b/, "in <time>"))).toEqual([
    "<7>1 step planned",
    "<7>db~: docker compose up",
    expect.stringMatching(/^<7>db~: /),
    "<5>db~: created in <time> (it has no containers yet)",
    "<5>1 changed in <time>",
    "",
  ]);
  const failed = await logged("ensure web~");
  expect(failed.map((line) => line.slice(0, 3))).toEqual(["<3>", "<3>", "<3>", "<3>", "<6>", ""]);
  expect(await logged("ensure nowhere~")).toEqual([
    "<3>error: unknown target `nowhere~`",
    expect.stringMatching(/^<3> {2}hint: /),
    "",
  ]);
});

test.concurrent("a terminal that a pipeline of CI provides gets lines (checklist 5)", async () => {
  await using lab = await homelab({ [WEB]: app() });
  const { written } = await lab.with({ env: { CI: "true" } }).terminal(["ensure", "web~", "--no-color"]);
  expect(written).not.toContain("\x1b");
  expect(lab.shared(written)).toMatch(/^web~: created in [^\n]+\r\n1 changed in [^\n]+\r\n$/);
});
