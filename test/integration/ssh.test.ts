import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HomelabError } from "../../src/errors.ts";
import { SshMachine } from "../../src/ssh/machine.ts";
import { eventually } from "../helpers/eventually.ts";
import { CHECKOUT } from "../helpers/paths.ts";
import { start } from "../helpers/spawn.ts";
import { descendants, freePort, type Sshd, sshd } from "../helpers/sshd.ts";
import { runOnTerminal } from "../helpers/terminal.ts";

const LIMIT = { deadline: 30_000 };
let server: Sshd;
beforeAll(async () => {
  server = await sshd();
});
afterAll(async () => await server[Symbol.asyncDispose]());

interface Choices {
  readonly of?: Sshd;
  readonly user?: string;
  readonly port?: number;
  readonly identity?: string;
  readonly env?: Record<string, string | undefined>;
  readonly through?: SshMachine;
  readonly name?: string;
}

const machine = ({
  of = server,
  user = of.user,
  port = of.port,
  identity,
  env,
  through,
  name,
}: Choices = {}) =>
  new SshMachine({
    name: name ?? "p620",
    route: { to: { user, address: "127.0.0.1", port }, identity: identity ?? of.key },
    through,
    env: { ...of.env, ...env },
  });

/** Code, message and hint of the error that it ends with. */
async function fails(work: Promise<unknown>): Promise<string[]> {
  try {
    await work;
  } catch (error) {
    if (error instanceof HomelabError) return [error.code, error.message, error.hint ?? ""];
    throw error;
  }
  throw new Error("it did not fail");
}

const ended = { exitCode: 0, signal: null, timedOut: false, cancelled: false, stdout: "", stderr: "" };

test("an argument vector arrives as it is", async () => {
  const words = [
    "",
    " ",
    "a b",
    "it's",
    '"',
    "\\",
    "\\'",
    "new\nline",
    "tab\t",
    "$(id)",
    "`id`",
    "$HOME",
    "~",
    "*",
    "-n",
    "ä 🏠",
    "!x",
    "a=b",
    "#",
    ";",
  ];
  const result = await machine().run(["printf", "%s\\0", ...words], LIMIT);
  expect(result).toEqual({ ...ended, stdout: words.map((word) => `${word}\0`).join("") });
});

test.each([
  ["success", ["true"], { exitCode: 0 }],
  [
    "failure",
    ["sh", "-c", "echo out; echo err >&2; exit 3"],
    { exitCode: 3, stdout: "out\n", stderr: "err\n" },
  ],
  [
    "ssh's own exit code",
    ["sh", "-c", "echo 'Connection refused' >&2; exit 255"],
    { exitCode: 255, stderr: "Connection refused\n" },
  ],
  ["a signal", ["sh", "-c", "kill -TERM $$"], { exitCode: 143 }],
])("a program's end comes back: %s", async (_, argv, result) => {
  expect(await machine().run(argv, LIMIT)).toMatchObject(result);
});

test("a program that is missing has exit code 127", async () => {
  expect(await machine().run(["no-such-program", "x"], LIMIT)).toMatchObject({ exitCode: 127 });
});

test("a signal that ends the shell there, too, is no lost connection", async () => {
  expect(await machine().run(["sh", "-c", "kill -9 $PPID"], LIMIT)).toMatchObject({ exitCode: null });
});

test("standard input goes there, and much output comes back", async () => {
  const text = "line of text\n".repeat(400_000);
  const result = await machine().run(["sh", "-c", "cat; echo end >&2"], {
    ...LIMIT,
    stdin: text,
    keep: 8_000_000,
  });
  expect([result.stdout.length, result.stdout === text, result.stderr]).toEqual([text.length, true, "end\n"]);
});

test("the deadline and a signal end a run", async () => {
  const late = await machine().run(["sleep", "300"], { deadline: 1_500 });
  expect(late.timedOut).toBe(true);
  const abort = new AbortController();
  const run = machine().run(["sh", "-c", "echo up; exec sleep 300"], {
    ...LIMIT,
    signal: abort.signal,
    tee: () => abort.abort(),
  });
  expect(await run).toMatchObject({ cancelled: true, stdout: "up\n" });
});

test("two programs share one handshake, also with other objects, and the connection stays", async () => {
  await using own = await sshd();
  await machine({ of: own }).run(["true"], LIMIT);
  await machine({ of: own }).run(["true"], LIMIT);
  const one = machine({ of: own });
  await Promise.all([one.run(["true"], LIMIT), one.run(["true"], LIMIT)]);
  expect(own.logins()).toBe(1);
});

test("twenty at once go over one connection", async () => {
  await using own = await sshd();
  const one = machine({ of: own });
  const all = await Promise.all(
    Array.from({ length: 20 }, (_, i) => one.run(["sh", "-c", `sleep 0.2; echo ${i}`], LIMIT)),
  );
  expect(all.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 20 }, (_, i) => i));
  expect(own.logins()).toBe(1);
});

test("as many as start in the same moment get through, and one connection stays", async () => {
  await using own = await sshd();
  const all = await Promise.all(
    Array.from({ length: 5 }, (_, i) => machine({ of: own }).run(["echo", String(i)], LIMIT)),
  );
  expect(all.map(({ stdout }) => Number(stdout))).toEqual([0, 1, 2, 3, 4]);
  const before = own.logins();
  await machine({ of: own }).run(["true"], LIMIT);
  expect(own.logins()).toBe(before);
});

/** The shared connection's own process. */
async function masterOf({ env, port, user, key }: Sshd): Promise<number> {
  const { settings } = machine({ port, user, identity: key, env: { ...env } }).reach;
  const child = Bun.spawn(["ssh", "-F", settings, "-O", "check", "127.0.0.1"], { stderr: "pipe" });
  return Number(/pid=(\d+)/.exec(await new Response(child.stderr).text())?.[1]);
}

test("a connection whose process was killed is made anew", async () => {
  await using own = await sshd();
  const one = machine({ of: own });
  await one.run(["true"], LIMIT);
  process.kill(await masterOf(own), "SIGKILL");
  expect(await one.run(["echo", "at once"], LIMIT)).toEqual({ ...ended, stdout: "at once\n" });
  expect(await machine({ of: own }).run(["echo", "later"], LIMIT)).toEqual({ ...ended, stdout: "later\n" });
  await machine({ of: own }).run(["true"], LIMIT);
  // The first, one that found it dead, and the new one.
  expect(own.logins()).toBe(3);
});

test("a connection whose process hangs is put aside", async () => {
  await using own = await sshd();
  await machine({ of: own }).run(["true"], LIMIT);
  const master = await masterOf(own);
  process.kill(master, "SIGSTOP");
  try {
    expect(await machine({ of: own }).run(["echo", "again"], LIMIT)).toMatchObject({ stdout: "again\n" });
  } finally {
    process.kill(master, "SIGKILL");
  }
}, 30_000);

test("a connection that is lost in the middle is said so, and the next run has a new one", async () => {
  await using own = await sshd();
  const one = machine({ of: own });
  const run = fails(one.run(["sh", "-c", "echo up; sleep 300"], { ...LIMIT, tee: () => started.resolve() }));
  const started = Promise.withResolvers<void>();
  await Promise.race([started.promise, run]);
  for (const pid of descendants(own.pid)) process.kill(pid, "SIGKILL");
  expect(await run).toEqual([
    "unavailable",
    `the connection to p620 (${own.user}@127.0.0.1:${own.port}) was lost while \`sh\` ran`,
    "it may go on there, or have come to its end: look before you run it again",
  ]);
  expect(await one.run(["echo", "again"], LIMIT)).toMatchObject({ stdout: "again\n" });
});

test("a host that falls silent in the middle is given up", async () => {
  await using own = await sshd();
  const one = machine({ of: own });
  const started = Promise.withResolvers<void>();
  const run = fails(
    one.run(["sh", "-c", "echo up; sleep 300"], { deadline: 60_000, tee: () => started.resolve() }),
  );
  await Promise.race([started.promise, run]);
  for (const pid of descendants(own.pid)) process.kill(pid, "SIGSTOP");
  expect((await run).slice(0, 2)).toEqual([
    "unavailable",
    `the connection to p620 (${own.user}@127.0.0.1:${own.port}) was lost while \`sh\` ran`,
  ]);
});

test("a host key that is not the known one is refused, and nothing is sent", async () => {
  await using own = await sshd();
  writeFileSync(own.knownHosts, own.knownLine(own.strangerKey));
  const at = `p620 (${own.user}@127.0.0.1:${own.port})`;
  expect(await fails(machine({ of: own }).run(["true"], LIMIT))).toEqual([
    "refused",
    `the host key of ${at} is not the known one: another machine answers, or it was installed anew`,
    `the old key stands in ${own.knownHosts}:1. Only when you know why it has changed, forget it with \`ssh-keygen -f "${own.knownHosts}" -R "[127.0.0.1]:${own.port}"\``,
  ]);
  writeFileSync(own.knownHosts, "");
  expect(await fails(machine({ of: own }).run(["true"], LIMIT))).toEqual([
    "refused",
    `the host key of ${at} is not known yet`,
    `run \`ssh -p ${own.port} -i ${own.key} ${own.user}@127.0.0.1\` once and compare the fingerprint, or add the line of \`ssh-keyscan\` to known_hosts`,
  ]);
  expect(own.logins()).toBe(0);
});

test("a key that is not known there, or not here, is said so", async () => {
  const at = `p620 (${server.user}@127.0.0.1:${server.port})`;
  expect(await fails(machine({ identity: server.strangerKey }).run(["true"], LIMIT))).toEqual([
    "permission",
    `${at} does not let us in with the key ${server.strangerKey}`,
    "add its public half to authorized_keys there; a key with a passphrase must be in the agent: `ssh-add`",
  ]);
  expect(await fails(machine({ identity: "/nowhere/key" }).run(["true"], LIMIT))).toEqual([
    "permission",
    "there is no key /nowhere/key, which is to open p620",
    "correct `identity` in the recipe, or make the key with `ssh-keygen`",
  ]);
});

test("all who wait for a host share its failure", async () => {
  const one = machine({ port: freePort() });
  const all = await Promise.all(Array.from({ length: 20 }, () => fails(one.run(["true"], LIMIT))));
  expect(new Set(all.map(([code]) => code))).toEqual(new Set(["unavailable"]));
});

test("a host that refuses connections, and a machine without ssh", async () => {
  const port = freePort();
  const call = `ssh -p ${port} -i ${server.key} ${server.user}@127.0.0.1`;
  expect(await fails(machine({ port }).run(["true"], LIMIT))).toEqual([
    "unavailable",
    `p620 (${server.user}@127.0.0.1:${port}) refuses connections`,
    `see that it runs, that sshd runs on it, and that no firewall is in between: try \`${call}\``,
  ]);
  expect(await fails(machine({ env: { PATH: "/nowhere" } }).run(["true"], LIMIT))).toEqual([
    "unavailable",
    "`ssh`, which reaches p620, is not on this machine",
    "install OpenSSH's client (`openssh-client`), or add its directory to PATH",
  ]);
});

/** A server that does not run as root lets in nobody but who runs it: that person may there what he may here. */
const isRoot = process.getuid?.() === 0;
const maySudo =
  !isRoot && Bun.spawnSync(["sudo", "-n", "true"], { stdio: ["ignore", "ignore", "ignore"] }).exitCode === 0;

test("what is read by the program is asked for in English", async () => {
  const said = async (options: { english?: boolean }) =>
    (await machine().run(["sh", "-c", "echo $LC_ALL; exit 3"], { ...LIMIT, ...options })).stdout;
  expect(await said({ english: true })).toBe("C\n");
  expect(await said({})).not.toBe("C\n");
});

test("as root: with a right to it, else refused", async () => {
  const run = machine().run(["id", "-u"], { ...LIMIT, root: true });
  if (maySudo) return expect(await run).toEqual({ ...ended, stdout: "0\n" });
  expect(await fails(run)).toEqual([
    "permission",
    "this needs root on p620, and `sudo` asks for a password there",
    "log in as root, or allow it without a password in sudoers (NOPASSWD)",
  ]);
});

test("a login that is not named is asked for once who it is, however many want to be root", async () => {
  const env = { ...server.env, HOMELAB_SSH_CONFIG: join(server.path, "root_config") };
  const user = isRoot ? "root" : server.user;
  writeFileSync(env.HOMELAB_SSH_CONFIG, `User ${user}\nUserKnownHostsFile ${server.knownHosts}\n`);
  const route = { to: { address: "127.0.0.1", port: server.port }, identity: server.key };
  await new SshMachine({ name: "p620", route, env }).run(["true"], LIMIT);
  const again = new SshMachine({ name: "p620", route, env });
  const before = server.logins();
  const ask = async () => {
    const run = again.run(["id", "-u"], { ...LIMIT, root: true });
    return isRoot || maySudo ? (await run).stdout : (await fails(run))[0];
  };
  const all = await Promise.all(Array.from({ length: 12 }, ask));
  expect([...new Set(all)]).toEqual([isRoot || maySudo ? "0\n" : "permission"]);
  expect(server.logins()).toBe(before);
});

test("as root where there is no sudo", async () => {
  await using own = await sshd(["SetEnv PATH=/nowhere"]);
  expect((await fails(machine({ of: own }).run(["id"], { ...LIMIT, root: true }))).slice(0, 2)).toEqual([
    "permission",
    "this needs root on p620, and there is no `sudo`",
  ]);
});

test("through another host", async () => {
  await using jump = await sshd();
  await using guest = await sshd();
  writeFileSync(jump.knownHosts, jump.knownLine() + guest.knownLine());
  const through = machine({ of: jump });
  const one = machine({ of: guest, through, env: { ...jump.env }, name: "vm1" });
  expect(await one.run(["echo", "from the guest"], LIMIT)).toEqual({ ...ended, stdout: "from the guest\n" });
  await one.run(["true"], LIMIT);
  expect([jump.logins(), guest.logins()]).toEqual([1, 1]);
  const nobody = machine({ of: guest, port: freePort(), through, env: { ...jump.env }, name: "vm2" });
  const [code, message] = await fails(nobody.run(["true"], LIMIT));
  expect(code).toBe("unavailable");
  expect(message).toMatch(/^vm2 \(.*\) cannot be reached from p620, or has closed the connection$/);
  // What is wrong with the host in between is said of it.
  const locked = machine({ of: jump, identity: jump.strangerKey });
  const behind = machine({ of: guest, through: locked, env: { ...jump.env }, name: "vm3" });
  expect((await fails(behind.run(["true"], LIMIT))).slice(0, 2)).toEqual([
    "permission",
    `p620 (${jump.user}@127.0.0.1:${jump.port}) does not let us in with the key ${jump.strangerKey}`,
  ]);
});

/** A program that runs the words in the foreground, and says at last with what they ended. */
const foreground = (words: readonly string[]) => [
  process.execPath,
  "-e",
  `import { SshMachine } from ${JSON.stringify(join(CHECKOUT, "src/ssh/machine.ts"))};
  const route = ${JSON.stringify({ to: { user: server.user, address: "127.0.0.1", port: server.port }, identity: server.key })};
  const machine = new SshMachine({ name: "p620", route, env: process.env });
  console.log("ended with", await machine.foreground(${JSON.stringify(words)}));`,
];

test("in the foreground of a terminal there is one on the other side, which hears Ctrl-C", async () => {
  const words = [
    "sh",
    "-c",
    "trap 'echo heard; exit 7' INT; test -t 0 && test -t 1 && echo ready; while :; do sleep 0.1; done",
  ];
  const shown = await runOnTerminal(
    foreground(words),
    { cwd: server.path, env: server.env },
    async (send, written) => {
      await eventually("it is ready", () => written().includes("ready"));
      send("\u0003");
    },
  );
  expect([shown.code, shown.screen.split("\n")]).toEqual([0, ["ready", "^Cheard", "ended with 7"]]);
});

test("in the foreground, no words are the login shell", async () => {
  const shown = await runOnTerminal(
    foreground([]),
    { cwd: server.path, env: { ...server.env } },
    async (send, written) => {
      send("echo rea''dy\n");
      await eventually("it is ready", () => written().includes("ready"));
      send("exit 5\n");
    },
  );
  expect([shown.code, shown.screen.split("\n").at(-1)]).toEqual([0, "ended with 5"]);
});

test("in the foreground without a terminal, streams are as they are", async () => {
  const { code, stdout, stderr } = await start(
    foreground(["sh", "-c", "test -t 1 || echo none; echo err >&2; exit 9"]),
    {
      cwd: server.path,
      env: server.env,
    },
  ).ended;
  expect([code, stdout, stderr]).toEqual([0, "none\nended with 9\n", "err\n"]);
});

test("no log is left", () => {
  const files = readdirSync(join(server.env.XDG_RUNTIME_DIR ?? "", "homelab"));
  expect(files.filter((file) => file.startsWith("log-"))).toEqual([]);
});
