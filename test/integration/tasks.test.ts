import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { app } from "../helpers/compose.ts";
import { eventually } from "../helpers/eventually.ts";
import { homelab } from "../helpers/homelab.ts";
import { BINARY } from "../helpers/paths.ts";

const FILES = {
  "homelab.yml": `services:
  web~: { ready: { stable: 0s } }
  broken~: {}
tasks:
  hello: { description: Says hello, params: [who], run: ['echo "hello $who"', 'echo err >&2'], finally: 'echo done' }
  bad: { run: ['echo one; exit 7', 'echo two'], finally: ['echo cleaned'] }
  ask: { confirm: 'Back up to {{ target }}?', params: [target], run: 'echo "$target" > answer' }
  script: { needs: [web~], run: "#!/bin/sh -e\\nread line < homelab.yml\\necho \\"$line\\"\\n" }
  blocked: { needs: [broken~], run: 'echo never' }
  inner: { run: 'homelab ensure web~ && echo inner' }
  outer: { run: ['homelab inner', 'homelab -C other around "$PWD"'] }
  slow: { run: ['echo begun; sleep 1000', 'echo never'], finally: 'echo ended' }
`,
  "services/web~/compose.yml": app(),
  "services/broken~/compose.yml": app({ command: ["false"] }),
};

test.concurrent("a task is a command; its parameters reach the shell as its environment and in no other way", async () => {
  await using lab = await homelab(FILES);
  const evil = "$(touch pwned); `touch pwned`; \"; touch pwned; '";
  expect(await lab.run("hello", evil)).toEqual({
    code: 0,
    stdout: `hello ${evil}\ndone\n`,
    stderr: "err\nhello: ran in <time> (Says hello)\n1 changed in <time>\n",
  });
  expect(existsSync(lab.path("pwned"))).toBe(false);
  expect((await lab.run("hello", "--", "--force")).stdout).toBe("hello --force\ndone\n");
  const { document } = await lab.json("history");
  expect(document.runs.map(({ command }: { command: string }) => command)).toEqual(["hello", "hello"]);
});

test.concurrent("a task is called by its exact name, also where that begins like a command", async () => {
  await using lab = await homelab({
    "homelab.yml": `tasks:
  status-all: { description: Every status, params: [how], run: 'echo "all $how"' }
  deploy-docs: { run: 'homelab status-web~; echo docs' }
`,
    "services/web~/compose.yml": app(),
  });
  expect(await lab.run("status-all", "loud")).toMatchObject({ code: 0, stdout: "all loud\n" });
  expect((await lab.run("status-all", "--help")).stdout).toStartWith("Every status\n");
  expect((await lab.run("deploy-docs", "--dry-run")).stdout).toContain("$ homelab status-web~; echo docs");
  // Named in a task, and none.
  expect(await lab.run("status-web~")).toMatchObject({ code: 3, stderr: "" });
  expect((await lab.run("status-docs")).stderr).toStartWith("error: unknown target `docs`\n");
  expect((await lab.run("__complete", "--", "status-all", "")).stdout).toBe("");
  lab.write({ "homelab.yml": "tasks: { list: { run: 'echo never' } }\n" });
  expect(await lab.run("validate")).toMatchObject({ code: 78 });
});

test.concurrent("the wrong number of words is an error with the usage, and nothing is run", async () => {
  await using lab = await homelab(FILES);
  for (const [words, want] of [
    [["hello"], "`hello` needs a value for `who`"],
    [["hello", "a", "b"], "unexpected word `b` after `hello`"],
    [["hello", "--loud"], "`hello` takes no option `--loud`"],
  ] as const) {
    const { code, stdout, stderr } = await lab.run(...words);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toStartWith(`error: ${want}\n  hint: usage: \`homelab hello WHO\``);
  }
  expect(await lab.run("hellx", "a")).toMatchObject({ code: 2, stdout: "" });
  expect((await lab.run("ensure", "hello")).stderr).toBe(
    "error: `hello` is a task, which only runs when it is called\n  hint: call it: `homelab hello`\n",
  );
});

test.concurrent("a line that fails ends the task, the last lines run all the same, and the exit code is 1 (checklist 23)", async () => {
  await using lab = await homelab(FILES);
  expect(await lab.run("bad")).toEqual({
    code: 1,
    stdout: "one\ncleaned\n",
    stderr: `bad: failed after <time>: \`echo one; exit 7\` exited with code 7
  | one
1 failed in <time>
details: homelab report <run>
`,
  });
});

test.concurrent("a task's question is asked, and where nobody can be asked it is refused (checklist 10)", async () => {
  await using lab = await homelab(FILES);
  expect(await lab.run("ask", "nas")).toEqual({
    code: 5,
    stdout: "",
    stderr: "error: Back up to nas? Nobody can be asked here\n  hint: say yes in advance with `--yes`\n",
  });
  expect(existsSync(lab.path("answer"))).toBe(false);
  expect((await lab.run("ask", "nas", "--yes")).code).toBe(0);
  expect(await Bun.file(lab.path("answer")).text()).toBe("nas\n");
});

test.concurrent("what a task reads from environment files is masked wherever it is shown or kept", async () => {
  const run = `set -x; . services/web~/.env; . services/web~/more.txt; . ./.env
    printf "cut in "; printf "%s" "$PLANTED" | cut -c -8 | tr -d "\\n"; printf "%s\\n" "$PLANTED" | cut -c 9-
    echo "$PLANTED $MORE $OWN"; exit 3`;
  await using lab = await homelab({
    "homelab.yml": `tasks: { call: { run: ${JSON.stringify(run)} } }\n`,
    ".env": "OWN=planted-in-the-root\n",
    "services/web~/compose.yml": app({ env_file: ["more.txt"] }),
    "services/web~/.env": "PLANTED='planted in .env it'\"'\"'s'\n",
    "services/web~/more.txt": "MORE=planted-in-an-env-file\n",
  });
  const { code, stdout, stderr } = await lab.run("call");
  expect([code, stdout]).toEqual([1, "cut in [redacted]\n[redacted] [redacted] [redacted]\n"]);
  const said = [stdout, stderr];
  for (const words of [["report"], ["report", "--json"], ["call", "--json"]]) {
    const { stdout: out, stderr: err } = await lab.start(...words).ended;
    said.push(out + err);
  }
  for (const file of readdirSync(lab.state)) said.push(readFileSync(join(lab.state, file), "latin1"));
  for (const text of said) expect(text).not.toMatch(/planted[ -]in/);
  expect(said[2]).toContain("[redacted]");
});

test.concurrent("what a task needs is ready first, and a text that begins with #! is a script", async () => {
  await using lab = await homelab(FILES);
  expect((await lab.run("script")).stdout).toBe("services:\n");
  expect(await lab.statuses()).toEqual({ "services/web~:app": "running" });
  const { code, document } = await lab.json("blocked");
  expect([code, document.steps.map(({ id, result }: never) => [id, result])]).toEqual([
    1,
    [
      ["broken~", "failed"],
      ["blocked", "blocked"],
    ],
  ]);
});

test.concurrent("a run that a task starts goes on under the task's lock (situation 27)", async () => {
  await using lab = await homelab(FILES);
  const inner = lab.with({ env: { PATH: `${dirname(BINARY)}:${process.env.PATH}` } });
  expect(await inner.run("inner")).toMatchObject({ code: 0, stdout: "inner\n" });
  // Also over further tasks, and over those of another homelab: none of them waits for what it is inside of.
  lab.write({
    "other/homelab.yml": "tasks: { around: { params: [back], run: 'homelab -C \"$back\" inner' } }\n",
  });
  const nested = await inner.run("outer", "--lock-wait", "20s");
  expect([nested.code, nested.stdout]).toEqual([0, "inner\ninner\n"]);
});

test.concurrent("Ctrl-C ends a task, its last lines run, and nothing else does (checklist 23)", async () => {
  await using lab = await homelab(FILES);
  const slow = lab.start("slow");
  await eventually("it runs", () => slow.printed().includes("begun"));
  slow.kill("SIGINT");
  expect(await slow.ended).toMatchObject({ code: 130, stdout: "begun\nended\n" });
});

test.concurrent("what a line leaves in the background is not waited for, and goes on", async () => {
  await using lab = await homelab({
    "homelab.yml": `tasks:
  serve: { run: 'sleep 1000 & echo $! > pid; echo begun; echo loud >&2' }
`,
  });
  const began = performance.now();
  expect(await lab.run("serve")).toEqual({
    code: 0,
    stdout: "begun\n",
    stderr: "loud\nserve: ran in <time>\n1 changed in <time>\n",
  });
  expect(performance.now() - began).toBeLessThan(30_000);
  const pid = Number(await Bun.file(lab.path("pid")).text());
  expect(await Bun.file(`/proc/${pid}/cmdline`).text()).toBe("sleep\x001000\0");
  process.kill(pid, "SIGKILL");
});

test.concurrent("a task shows itself: in its help, in a dry run, in the list", async () => {
  await using lab = await homelab(FILES);
  const help = "Says hello\n\nUsage: homelab hello WHO\n\nRuns:\n";
  const lines = '  $ echo "hello $who"\n  $ echo err >&2\n  $ echo done  (in the end)\n';
  expect((await lab.run("hello", "--help")).stdout).toBe(help + lines);
  expect((await lab.run("help", "hello")).stdout).toBe(help + lines);
  expect((await lab.run("hello", "you", "--dry-run")).stdout).toBe(
    `hello  run  Says hello\n1 to change, 0 as they are\n${lines}`,
  );
  expect((await lab.run("list")).stdout).toContain("hello");
});

test.concurrent("on a terminal a task has the terminal", async () => {
  await using lab = await homelab({
    "homelab.yml":
      'tasks:\n  name: { run: \'test -t 0 && printf "name? " && read name && echo "you are $name"\' }\n',
  });
  const shown = await lab.terminal(["name"], async (send, written) => {
    await eventually("it asks", () => written().includes("name?"));
    send("somebody\r");
  });
  expect(shown.code).toBe(0);
  expect(shown.screen).toContain("you are somebody");
});
