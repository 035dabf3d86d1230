import { expect, test } from "bun:test";
import { app, shell } from "../helpers/compose.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";

const FILES = {
  "homelab.yml": "services:\n  web~: { needs: [db~] }\ngroups:\n  front~: [web~]\n",
  "services/db~/compose.yml": app(),
  "services/web~/compose.yml": app(),
  "services/plex~/compose.yml": app(),
};
const SICK = { "services/db~/compose.yml": app(shell("echo alas; exit 3")) };

/** The parts of a report that are the same in every run. */
const calm = (text: string) => text.replace(/· (just now|<time> ago|today [\d:]+) ·/, "· <when> ·");

async function ids(lab: Homelab): Promise<string[]> {
  return (await lab.json("history")).document.runs.map(({ run }: { run: string }) => run);
}

test.concurrent("report shows what changed, what failed and why, for people and as data (checklist 39)", async () => {
  await using lab = await homelab(FILES);
  expect(await lab.run("report")).toEqual({ code: 0, stdout: "no runs yet\n", stderr: "" });
  expect((await lab.json("report")).document).toEqual({ version: 1, root: "<root>", run: null });
  const cron = lab.with({ env: { LOGNAME: "night", SUDO_USER: undefined } });
  await cron.run("ensure", "all");
  await lab.tool(".", "git", "init", "-q", "-b", "main");
  await lab.tool(
    ".",
    "git",
    "-c",
    "user.name=a",
    "-c",
    "user.email=b",
    "commit",
    "-q",
    "--allow-empty",
    "-m",
    "x",
  );
  const revision = (await lab.tool(".", "git", "rev-parse", "HEAD")).trim();
  lab.write(SICK);
  expect((await cron.run("ensure", "web~")).code).toBe(1);
  const failed = `ensure web~: failed
run <run> · <when> · took <time> · by night, unattended · at revision ${revision.slice(0, 12)}

failed
db~: failed after <time>: db~-app-1 exited with code 3 (update: not-ready)
  | alas
  hint: \`docker logs db~-app-1\` shows all that it said

blocked
web~: blocked: needs db~, which failed
`;
  const shown = await lab.run("report");
  expect({ ...shown, stdout: calm(shown.stdout) }).toEqual({ code: 0, stdout: failed, stderr: "" });
  const { document } = await lab.json("report");
  expect(document).toEqual({
    version: 1,
    root: "<root>",
    run: expect.stringMatching(/^\d{8}-\d{6}-[0-9a-f]{6}$/),
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    command: "ensure web~",
    user: "night",
    unattended: true,
    revision,
    repeats: 1,
    outcome: "failed",
    steps: [
      {
        id: "db~",
        kind: "service",
        action: "update",
        result: "failed",
        reason: { code: "not-ready", text: "db~-app-1 exited with code 3" },
        durationMs: expect.any(Number),
        detail: "db~-app-1 exited with code 3",
        hint: "`docker logs db~-app-1` shows all that it said",
        log: ["alas"],
      },
      expect.objectContaining({ id: "web~", result: "blocked", hint: null, log: [] }),
    ],
    changed: 0,
    failed: 1,
    durationMs: expect.any(Number),
  });
  const markdown = await lab.run("report", "--markdown");
  expect(markdown.stdout).toContain("# ensure web~: failed\n\n| run | `<run>` |\n|---|---|\n");
  expect(markdown.stdout).toContain("### db~\n\nFailed after <time>: db~-app-1 exited with code 3");
  expect(markdown.stdout).toContain("\n```text\nalas\n```\n");
  // Runs that change nothing do not hide it.
  await lab.run("ensure", "plex~");
  const later = await lab.run("report");
  expect(calm(later.stdout)).toBe(`${failed}\nsince then 1 run changed nothing\n`);
});

test.concurrent("a run is named by its id or the beginning of it", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "db~");
  await lab.run("ensure", "web~");
  const [second = "", first = ""] = await ids(lab);
  expect((await lab.run("report", first)).stdout).toStartWith("ensure db~: changed\n");
  expect((await lab.run("report", second.slice(0, -1))).stdout).toStartWith("ensure web~: changed\n");
  expect(await lab.run("report", "2")).toEqual({
    code: 2,
    stdout: "",
    stderr: "error: `2` begins 2 runs\n  hint: which of `<run>`, `<run>`?\n",
  });
  expect(await lab.run("report", "nonsense")).toEqual({
    code: 2,
    stdout: "",
    stderr: "error: there is no run `nonsense`\n  hint: the latest are `<run>`, `<run>`\n",
  });
  expect(await lab.run("report", "--markdown", "--json")).toMatchObject({ code: 2 });
  expect((await lab.run("report", "a", "b")).stderr).toStartWith(
    "error: unexpected word `b` after `report`\n",
  );
});

test.concurrent("history can be asked about a target and a time (checklist 39)", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "front~");
  await lab.run("ensure", "plex~");
  lab.write(SICK);
  await lab.run("ensure", "all");
  const commands = async (...words: string[]) =>
    (await lab.json("history", ...words)).document.runs.map(({ command }: { command: string }) => command);
  expect(await commands()).toEqual(["ensure all", "ensure plex~", "ensure front~"]);
  expect(await commands("plex~")).toEqual(["ensure plex~"]);
  expect(await commands("web~")).toEqual(["ensure all", "ensure front~"]);
  expect(await commands("front~", "--limit", "1")).toEqual(["ensure all"]);
  expect(await commands("plex~", "--since", "1h")).toEqual(["ensure plex~"]);
  expect(await commands("--since", "0s")).toEqual([]);
  expect((await lab.run("history-plex~")).stdout.split("\n")).toHaveLength(3);
  expect((await lab.run("history", "plex~", "--since", "0s")).stdout).toBe(
    "no runs that changed plex~ in the last 0s\n",
  );
  expect(await lab.run("history", "plx~")).toEqual({
    code: 2,
    stdout: "",
    stderr: "error: unknown target `plx~`\n  hint: did you mean `plex~`?\n",
  });
  expect(await lab.run("history", "--since", "yesterday")).toMatchObject({
    code: 2,
    stderr: "error: `--since` takes a duration such as 30m, 24h or 7d, not `yesterday`\n",
  });
  // Gone from the repository, it keeps its history.
  await lab.tool(".", "rm", "-r", "services/plex~");
  expect(await commands("plex~")).toEqual(["ensure plex~"]);
});
