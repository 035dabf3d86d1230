import { expect, test } from "bun:test";
import { app, composeFile, idle } from "../helpers/compose.ts";
import { eventually } from "../helpers/eventually.ts";
import { homelab } from "../helpers/homelab.ts";

const FILES = {
  "services/web~/compose.yml": app({ environment: { TOKEN: "${TOKEN}" } }),
  "services/web~/.env": "TOKEN=planted-secret\n",
  "services/two~/compose.yml": composeFile({ app: idle(), db: idle() }),
  "services/off~/compose.yml": app(),
};

test.concurrent("exec hands everything behind `--` to the command, and its exit code back (checklist 16)", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "web~");
  const echo = ["sh", "-c", 'printf "%s\\n" "$@"; echo err >&2; exit 7', "sh"];
  expect(await lab.run("exec", "web~", "--", ...echo, "--help", "--json", "-q", "a b", "--")).toEqual({
    code: 7,
    stdout: "--help\n--json\n-q\na b\n--\n",
    stderr: "err\n",
  });
  expect(await lab.run("exec", "web~", "--", "ls", "--help")).toMatchObject({ code: 0 });
  expect(await lab.run("exec", "web~", "app", "--", "true")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await lab.run("exec", "web~", "-n", "--", "ls", "-l")).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\S*docker exec -i web~-app-1 ls -l\n$/),
  });
});

test.concurrent("what is piped into it reaches the command, byte for byte", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "web~");
  const piped = lab.with({ before: ["sh", "-c", 'head -c 3000000 /dev/zero | "$@" | wc -c', "sh"] });
  expect((await piped.run("exec", "web~", "--", "cat")).stdout.trim()).toBe("3000000");
});

test.concurrent("on a terminal the command has the terminal", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "web~");
  const line = 'test -t 0 && printf "name? " && read name && echo "you are $name"; exit 4';
  const shown = await lab.terminal(["exec", "web~", "--", "sh", "-c", line], async (send, written) => {
    await eventually("it asks", () => written().includes("name?"));
    send("somebody\r");
  });
  expect(shown.code).toBe(4);
  expect(shown.screen).toContain("you are somebody");
});

test.concurrent("who is told to end while the command runs ends, and not with 0", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "web~");
  for (const [signal, code] of [
    ["SIGTERM", 143],
    ["SIGHUP", 143],
  ] as const) {
    const run = lab.start("exec", "web~", "--", "sh", "-c", "echo begun; exec sleep 1000");
    await eventually("it runs", () => run.printed().includes("begun"));
    run.kill(signal);
    expect((await run.ended).code).toBe(code);
  }
});

test.concurrent("--json has what it printed, secrets masked", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "web~");
  const words = ["exec", "web~", "--json", "--", "sh", "-c", "echo token is $TOKEN; exit 3"];
  const { code, stdout } = await lab.run(...words);
  expect({ code, document: JSON.parse(stdout) }).toEqual({
    code: 3,
    document: {
      version: 1,
      id: "web~",
      container: "web~-app-1",
      command: ["sh", "-c", "echo token is $TOKEN; exit 3"],
      exitCode: 3,
      stdout: "token is [redacted]\n",
      stderr: "",
    },
  });
});

test.concurrent("what cannot be run is said plainly, and nothing is run", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "two~");
  expect(await lab.run("exec", "two~", "--", "true")).toEqual({
    code: 2,
    stdout: "",
    stderr:
      "error: `two~` has 2 running containers\n  hint: name one: `homelab exec two~ app -- …`; it has app, db\n",
  });
  expect(await lab.run("exec", "two~", "db", "--", "true")).toMatchObject({ code: 0 });
  expect(await lab.run("exec", "off~", "--", "true")).toEqual({
    code: 1,
    stdout: "",
    stderr:
      "error: no container of `off~` runs\n  hint: `homelab ensure off~` starts it, `homelab why off~` says why it does not run\n",
  });
  expect(await lab.run("exec", "two~", "true")).toMatchObject({ code: 2 });
  expect(await lab.run("exec", "two~", "db", "--", "sleep", "1000", "--timeout", "1s")).toMatchObject({
    code: 1,
  });
  expect(await lab.run("exec", "two~", "db", "--timeout", "1s", "--", "sleep", "1000")).toEqual({
    code: 124,
    stdout: "",
    stderr: "error: `sleep` did not end in time\n",
  });
});
