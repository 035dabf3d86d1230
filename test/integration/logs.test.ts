import { expect, test } from "bun:test";
import { app, shell } from "../helpers/compose.ts";
import { eventually } from "../helpers/eventually.ts";
import { homelab } from "../helpers/homelab.ts";

const FILES = {
  "homelab.yml":
    "services:\n  one~: { ready: { stable: 0s } }\n  two~: { ready: { stable: 0s } }\ngroups:\n  both~: [one~, two~]\n",
  "services/one~/compose.yml": app({
    environment: { TOKEN: "${TOKEN}" },
    ...shell("echo first; sleep 0.2; echo third token=$TOKEN; sleep 0.2; echo fifth >&2; exec sleep 1000"),
  }),
  "services/one~/.env": "TOKEN=a-very-secret-value\n",
  "services/two~/compose.yml": app(shell("sleep 0.1; echo second; sleep 0.2; echo fourth; exec sleep 1000")),
};

test.concurrent("logs of several services are told apart and secrets are masked", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "all");
  await eventually("all was said", async () => {
    const { stdout } = await lab.run("logs", "both~");
    return stdout.includes("fifth") && stdout.includes("fourth");
  });
  expect(await lab.run("logs", "one~")).toEqual({
    code: 0,
    stdout: "first\nthird token=[redacted]\nfifth\n",
    stderr: "",
  });
  const { stdout } = await lab.run("logs-both~");
  expect(stdout.split("\n").slice(0, -1).sort()).toEqual([
    "one~ | fifth",
    "one~ | first",
    "one~ | third token=[redacted]",
    "two~ | fourth",
    "two~ | second",
  ]);
  expect((await lab.run("logs", "both~", "--grep", "^f")).stdout.split("\n").slice(0, -1).sort()).toEqual([
    "one~ | fifth",
    "one~ | first",
    "two~ | fourth",
  ]);
  expect((await lab.run("logs", "one~", "--tail=1")).stdout).toBe("fifth\n");
  expect((await lab.run("logs", "one~", "--since", "1ms")).stdout).toBe("");
  const { document } = await lab.json("logs", "one~", "--tail", "1");
  expect(document).toEqual({
    version: 1,
    lines: [
      {
        id: "one~",
        service: "app",
        container: "one~-app-1",
        time: expect.any(String),
        stream: "stderr",
        text: "fifth",
      },
    ],
  });
});

test.concurrent("what is searched for is found however long ago it was said", async () => {
  await using lab = await homelab({
    "homelab.yml": "services: { one~: { ready: { stable: 0s } } }\n",
    "services/one~/compose.yml": app(
      shell("echo needle; for i in $(seq 200); do echo hay $i; done; exec sleep 1000"),
    ),
  });
  await lab.run("ensure", "all");
  const lines = async (...words: string[]) =>
    (await lab.run("logs", "one~", ...words)).stdout.split("\n").slice(0, -1);
  await eventually("all was said", async () => (await lines("--tail", "all")).length === 201);
  expect(await lines()).toHaveLength(100);
  expect(await lines("--since", "1h")).toHaveLength(201);
  expect(await lines("--grep", "needle")).toEqual(["needle"]);
  expect(await lines("--since", "1h", "--grep", "needle", "--tail", "10")).toEqual([]);
});

test.concurrent("values are masked however the file is read, and those of env files as well", async () => {
  const written = [
    "PW1=longpart#tail-secret-1",
    'PW2="dollar\\$ign-secret-2"',
    'PW3="quo\\"te-secret-3"',
    "PW4=base-${MISSING:-default-secret-4}",
    "PW5=${HOST_VALUE}-secret-5",
    'PW6="tab\\tsecret-6"',
    "PW7 = spaced secret-7 # with a comment",
    'PW8="first-secret-8\n  second-secret-8"',
    "PW9='it\\'s-secret-9'",
    "PW10=pa$$secret-10",
  ].join("\n");
  await using lab = await homelab({
    "homelab.yml": "services:\n  one~: { ready: { stable: 0s } }\n",
    "services/one~/compose.yml": app({
      env_file: [".env", { path: "config/app.txt" }, { path: "raw.txt", format: "raw" }],
      ...shell("env; echo 'cut: longpart and tail-secret-1'; exec sleep 1000"),
    }),
    "services/one~/.env": `${written}\n`,
    "services/one~/config/app.txt": "TOKEN=secret-of-an-env-file\n",
    "services/one~/raw.txt": 'RAW="raw\\tsecret" # whole\n',
  });
  const host = lab.with({ env: { HOST_VALUE: "of-the-host" } });
  expect((await host.run("ensure", "all")).code).toBe(0);
  await eventually("all was said", async () => (await lab.docker("logs", "one~-app-1")).includes("cut: "));
  for (const broken of [false, true]) {
    if (broken) lab.write({ "services/one~/compose.yml": "services: [\n" });
    const { stdout } = await host.run("logs", "one~");
    expect(
      stdout
        .split("\n")
        .filter((line) => /^(?:PW\d|TOKEN|RAW|cut| {2})/.test(line))
        .sort(),
    ).toEqual(
      [
        ...["PW1", "PW10", "PW2", "PW3", "PW4", "PW5", "PW6", "PW7", "PW8", "PW9", "RAW", "TOKEN"].map(
          (name) => `${name}=[redacted]`,
        ),
        "  [redacted]",
        "cut: [redacted] and [redacted]",
      ].sort(),
    );
    expect(stdout).not.toContain("secret-");
  }
});

test.concurrent("following goes on over a restart and ends with Ctrl-C", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "one~");
  const logs = lab.start("logs", "one~", "-f", "--tail", "all");
  const printed = (times: number) =>
    ["third", "fifth"].every((word) => logs.printed().split(word).length === times + 1);
  await eventually("it follows", () => printed(1));
  await lab.docker("restart", "one~-app-1");
  await eventually("the new life is followed", () => printed(2));
  logs.kill("SIGINT");
  const { code, stdout, stderr } = await logs.ended;
  // The engine keeps no order between the two streams of a container.
  expect([code, stdout.split("\n").sort().join(" "), stderr]).toEqual([
    130,
    " fifth fifth first first third token=[redacted] third token=[redacted]",
    lab.own("one~-app-1 ended\n"),
  ]);
});

test.concurrent("what cannot be shown is said plainly", async () => {
  await using lab = await homelab(FILES);
  expect(await lab.run("logs", "one~")).toEqual({
    code: 1,
    stdout: "",
    stderr: "error: nothing of one~ is there that could say something\n  hint: `homelab why one~` says why\n",
  });
  for (const [args, want] of [
    [["--grep", "("], "`--grep` takes a regular expression, and `(` is none: missing )"],
    [
      ["--since", "never"],
      "`--since` takes a duration such as 10m, or a time such as 2026-11-21T03:00:00, not `never`",
    ],
    [["--tail", "-1"], "`--tail` takes a number of lines or `all`, not `-1`"],
    [["-x"], "unknown option `-x`"],
    [["--follow", "--json"], "`--json` is one document, and following has no end"],
  ] as const) {
    const { code, stdout, stderr } = await lab.run("logs", "one~", ...args);
    expect([code, `${stdout}${stderr}`]).toEqual([2, expect.stringContaining(want)]);
  }
});
