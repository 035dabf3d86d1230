import { readFileSync, rmSync } from "node:fs";
import { now } from "../clock.ts";
import { HomelabError } from "../errors.ts";
import { isTerminal } from "../os/libc.ts";
import {
  exitCodeOf,
  IN_ENGLISH,
  type Machine,
  type MachineOptions,
  refuseWithoutSudo,
  SUDO,
} from "../process/machine.ts";
import type { ProcessOptions, ProcessResult } from "../process/runner.ts";
import { Semaphore } from "../process/semaphore.ts";
import type { Route } from "./config.ts";
import { Connection } from "./connection.ts";
import { freshLog } from "./place.ts";
import { quoteCommand, quoteForeground } from "./quote.ts";
import { acceptedKey, connectionLost, endOf, sshTrouble } from "./trouble.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** sshd lets ten sessions into one connection, unless said otherwise; other runs use the same one. */
const SESSIONS = 8;
/** What ssh gives when it fails itself. */
const SSH_FAILED = 255;
/** ssh that shares a connection does not hear SIGTERM while it waits: it is killed, and nothing there would hear it. */
const GRACE_MS = 100;
/** ssh gives up a connection after 10 s by itself; logging in may take longer than that. */
const LOGIN_MS = 30_000;
/** A person's own program in the foreground has no end that could be foreseen; a timer takes no longer delay. */
const NO_DEADLINE_MS = 2 ** 31 - 1;

export interface SshOptions {
  /** What the recipes call it. */
  readonly name: string;
  readonly route: Omit<Route, "jump">;
  /** The host that it is reached through. */
  readonly through?: SshMachine | undefined;
  readonly env: Environment;
}

/**
 * Another machine, over one connection of ssh that all runs share: it outlives this process for a minute. Never asks
 * anything, and never takes a host key that is not known.
 */
export class SshMachine implements Machine {
  readonly name: string;
  readonly remote = true;
  private readonly connection: Connection;
  private readonly slots = new Semaphore(SESSIONS);

  constructor({ name, route, through, env }: SshOptions) {
    this.name = name;
    this.connection = new Connection({ name, route, through: through?.connection, env });
  }

  /** What another program that uses ssh is given to come the same way: `ssh -F settings address`. */
  get reach(): { readonly settings: string; readonly address: string } {
    return { settings: this.connection.written.file, address: this.connection.address };
  }

  /** Whether the login is root's. */
  isRoot(): Promise<boolean> {
    return this.connection.isRoot();
  }

  /**
   * As `Machine` says. A program that a signal ended has the exit code that the shell there gives it, 128 and the
   * signal's number; where that shell does not say, it is null. At the deadline, or when the signal fires, ssh is ended
   * here. The program there is sent nothing: its standard input and output are closed, of which most programs die
   * when they next write. What must end by then, or must not, is started under `timeout` or `systemd-run` there.
   */
  async run(
    argv: readonly string[],
    { root, english = root, ...options }: MachineOptions,
  ): Promise<ProcessResult> {
    const begun = now();
    // All who wait for it share its failure, too.
    await this.connection.ready(options.signal);
    const words = await this.words(argv, root);
    const command = quoteCommand(english ? [...IN_ENGLISH, ...words] : words);
    return await this.slots.use(async () => {
      const deadline = Math.max(1, options.deadline - (now() - begun));
      const result = await this.ssh(argv[0] ?? "", command, { ...options, deadline, grace: GRACE_MS });
      refuseWithoutSudo(result, root, this);
      if (root && result.exitCode === 127) await this.requireSudo();
      return result;
    });
  }

  /**
   * The same over a connection of its own, which proves that the host lets us in now. A program there that exits with
   * 255 is taken for a failure of ssh.
   */
  async runAnew(
    argv: readonly string[],
    { root, deadline, signal }: Pick<MachineOptions, "root" | "deadline" | "signal">,
  ): Promise<ProcessResult> {
    const command = quoteCommand(await this.words(argv, root));
    const log = freshLog(this.connection.written);
    const own = ["-o", "ControlMaster=no", "-o", "ControlPath=none", "-E", log, "-T"];
    try {
      const result = await this.connection.ssh(own, [command], { deadline, signal, grace: GRACE_MS });
      if (result.timedOut) throw sshTrouble("timed out", this.connection.peer);
      if (result.exitCode === SSH_FAILED) throw sshTrouble(readFileSync(log, "utf8"), this.connection.peer);
      return result;
    } finally {
      rmSync(log, { force: true });
    }
  }

  /**
   * Logs in over a connection of its own with whatever keys there are, and tells which one was accepted: its fingerprint,
   * `SHA256:…`. Throws what `run` does.
   */
  async acceptedKey(): Promise<string | undefined> {
    const log = freshLog(this.connection.written);
    const own = [
      "-o",
      "ControlMaster=no",
      "-o",
      "ControlPath=none",
      "-o",
      "LogLevel=DEBUG1",
      "-E",
      log,
      "-T",
    ];
    try {
      const options = { deadline: LOGIN_MS, grace: GRACE_MS };
      const { exitCode, timedOut } = await this.connection.ssh(own, ["exit 0"], options);
      const said = readFileSync(log, "utf8");
      if (timedOut) throw sshTrouble("timed out", this.connection.peer);
      if (exitCode === SSH_FAILED) throw sshTrouble(said, this.connection.peer);
      return acceptedKey(said);
    } finally {
      rmSync(log, { force: true });
    }
  }

  /**
   * Makes the shared connection with whatever the host asks for, a password above all: a person types it at the
   * terminal of this process, and what runs later uses that connection.
   */
  async logIn(): Promise<void> {
    const log = freshLog(this.connection.written);
    const asking = ["BatchMode=no", "PasswordAuthentication=yes", "KbdInteractiveAuthentication=yes"];
    const flags = [...asking.flatMap((option) => ["-o", option]), "-E", log, "-T"];
    try {
      const options = { foreground: true, deadline: NO_DEADLINE_MS };
      const { exitCode } = await this.connection.ssh(flags, ["exit 0"], options);
      if (exitCode !== 0) throw sshTrouble(readFileSync(log, "utf8"), this.connection.peer);
    } finally {
      rmSync(log, { force: true });
    }
  }

  /**
   * As `Machine` says; without words, the login shell. With a terminal there is one on the other side, too, and what is
   * typed goes there, Ctrl-C included. Without one, Ctrl-C ends ssh alone.
   */
  async foreground(argv: readonly string[], { root }: { root?: boolean } = {}): Promise<number> {
    this.connection.forget();
    await this.connection.ready();
    const words = await this.words(argv.length > 0 ? argv : root ? ["sh", "-l"] : [], root);
    const terminal = isTerminal(0);
    // Louder, it would say at the end that a connection was closed.
    const flags = ["-o", "ControlMaster=no", "-o", "LogLevel=ERROR", terminal ? "-t" : "-T"];
    const quote = terminal ? quoteForeground : quoteCommand;
    const options = { foreground: true, deadline: NO_DEADLINE_MS };
    const result = await this.connection.ssh(flags, words.length > 0 ? [quote(words)] : [], options);
    // The connection was there before: it still is, unless it is what ended.
    if (result.exitCode === SSH_FAILED && (await this.connection.master()) === undefined)
      throw connectionLost(this.connection.peer, argv[0] ?? "the shell");
    return exitCodeOf(result);
  }

  private async words(argv: readonly string[], root = false): Promise<readonly string[]> {
    return root && argv.length > 0 && !(await this.connection.isRoot()) ? [...SUDO, ...argv] : argv;
  }

  /** Throws `permission` where the login is not root and there is no sudo. */
  private async requireSudo(): Promise<void> {
    if (await this.connection.isRoot()) return;
    const { exitCode } = await this.ssh("sudo", quoteCommand(["sudo", "-V"]), { deadline: 10_000 });
    if (exitCode !== 127) return;
    throw new HomelabError("permission", `this needs root on ${this.name}, and there is no \`sudo\``, {
      hint: "log in as root: `user: root` in the recipe",
    });
  }

  /** One session. Its log, apart from what the program says, tells how it ended. */
  private async ssh(
    program: string,
    command: string,
    options: Omit<ProcessOptions, "env">,
  ): Promise<ProcessResult> {
    const log = freshLog(this.connection.written);
    // It uses the connection that is there, and makes none that would outlive it: that would write to its log.
    const own = ["-o", "ControlMaster=no", "-o", "LogLevel=DEBUG3", "-E", log, "-T"];
    try {
      const result = await this.connection.ssh(own, [command], options);
      if (result.exitCode !== SSH_FAILED || result.timedOut || result.cancelled) return result;
      return await this.judge(result, readFileSync(log, "utf8"), program);
    } finally {
      rmSync(log, { force: true });
    }
  }

  /** Throws when it is ssh that failed, and not the program. */
  private async judge(result: ProcessResult, log: string, program: string): Promise<ProcessResult> {
    const end = endOf(log, result.stderr);
    if (end.kind === "status") return result;
    const alive = end.kind === "no-status" && end.master === (await this.connection.master());
    if (alive) return { ...result, exitCode: null };
    this.connection.forget();
    if (end.kind === "failed") throw sshTrouble(log, this.connection.peer);
    throw connectionLost(this.connection.peer, program);
  }
}
