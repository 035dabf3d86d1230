import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { eventually } from "./eventually.ts";
import { CHECKOUT } from "./paths.ts";

/** Not a user of the machine: of the server's own list of users alone. */
const ADMIN_ID = 64_242;

export interface Sshd extends AsyncDisposable {
  readonly path: string;
  readonly port: number;
  /** Of the process that listens. */
  readonly pid: number;
  /** Whom it lets in: `admin`, without rights, where the tests run as root, else whoever runs them. */
  readonly user: string;
  /** Private key that it knows, and one that it does not. */
  readonly key: string;
  readonly strangerKey: string;
  readonly knownHosts: string;
  /** The environment of a person whose ssh settings name that file of known hosts. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The line of known_hosts for this server, with its own key or another. */
  knownLine(key?: string): string;
  /** How often somebody logged in: with a shared connection, once. */
  logins(): number;
  log(): string;
}

const isRoot = process.getuid?.() === 0;

/**
 * A real sshd on a port of its own, with keys and settings of its own. Started as root it has a list of users of its
 * own as well, in a mount namespace, so that the machine's stays as it is.
 */
export async function sshd(settings: readonly string[] = []): Promise<Sshd> {
  const program = sh(join(CHECKOUT, "scripts/lab"), "ssh").trim();
  const path = realpathSync(mkdtempSync("/tmp/homelab-sshd-"));
  chmodSync(path, 0o755);
  const file = (name: string, content = "") => {
    writeFileSync(join(path, name), content);
    return join(path, name);
  };
  const makeKey = (name: string) => {
    sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", join(path, name));
    return join(path, name);
  };
  const [hostKey, key, strangerKey] = ["host", "user", "stranger"].map(makeKey) as [string, string, string];
  const port = freePort();
  const config = file(
    "sshd_config",
    [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${hostKey}`,
      `AuthorizedKeysFile ${key}.pub`,
      "StrictModes no",
      "PidFile none",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "UsePAM no",
      "Banner none",
      ...settings,
      "",
    ].join("\n"),
  );
  const home = join(path, "home");
  mkdirSync(home);
  if (isRoot) chownSync(home, ADMIN_ID, ADMIN_ID);
  const users = readFileSync("/etc/passwd", "utf8").replace(/^sshd:.*\n/m, "");
  const passwd = file(
    "passwd",
    `${users}sshd:x:64241:65534::/run/sshd:/usr/sbin/nologin\nadmin:x:${ADMIN_ID}:${ADMIN_ID}::${home}:/bin/sh\n`,
  );
  const apart = `mount --bind ${passwd} /etc/passwd && mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec "$@"`;
  const argv = [
    ...(isRoot ? ["unshare", "-m", "sh", "-ec", apart, "sshd"] : []),
    program,
    "-D",
    "-e",
    "-f",
    config,
  ];
  const log = join(path, "log");
  const child = Bun.spawn(argv, {
    env: { ...process.env, LD_LIBRARY_PATH: join(dirname(program), "../lib") },
    stdin: "ignore",
    stdout: "ignore",
    stderr: Bun.file(file("log")),
  });
  const said = () => readFileSync(log, "utf8");
  await eventually("sshd listens", () => {
    if (child.exitCode !== null) throw new Error(`sshd did not start: ${said()}`);
    return said().includes("Server listening");
  });
  const knownLine = (of = hostKey) => `[127.0.0.1]:${port} ${readFileSync(`${of}.pub`, "utf8")}`;
  const knownHosts = file("known_hosts", knownLine());
  const config2 = file("ssh_config", `UserKnownHostsFile ${knownHosts}\nGlobalKnownHostsFile /dev/null\n`);
  const runtime = join(path, "run");
  mkdirSync(runtime, { mode: 0o700 });
  const { SSH_AUTH_SOCK: _, ...own } = process.env;
  return {
    path,
    port,
    pid: child.pid,
    user: isRoot ? "admin" : sh("id", "-un").trim(),
    key,
    strangerKey,
    knownHosts,
    env: { ...own, HOME: path, XDG_RUNTIME_DIR: runtime, HOMELAB_SSH_CONFIG: config2 },
    knownLine,
    logins: () => said().match(/^Accepted publickey/gm)?.length ?? 0,
    log: said,
    async [Symbol.asyncDispose]() {
      // The shared connections that are left end with the server's processes.
      for (const pid of descendants(child.pid)) kill(pid);
      child.kill();
      await child.exited;
      rmSync(path, { recursive: true, force: true });
    },
  };
}

function sh(...argv: string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(argv, { stdio: ["ignore", "pipe", "pipe"] });
  if (exitCode !== 0) throw new Error(`${argv.join(" ")}: ${stderr.toString()}`);
  return stdout.toString();
}

export function freePort(): number {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  const { port } = server;
  server.stop(true);
  return port;
}

/** Processes that a process has started, and those that they have. */
export function descendants(of: number): number[] {
  const listed = sh("ps", "-eo", "pid=,ppid=")
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/ +/).map(Number));
  const found: number[] = [of];
  for (const each of found) for (const [pid = 0, parent] of listed) if (parent === each) found.push(pid);
  return found.slice(1);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
