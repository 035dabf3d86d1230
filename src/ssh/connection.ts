import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { now } from "../clock.ts";
import { HomelabError } from "../errors.ts";
import { type ProcessOptions, type ProcessResult, runProcess } from "../process/runner.ts";
import type { Route } from "./config.ts";
import { freshLog, type Written, writeSettings } from "./place.ts";
import { type Peer, sshTrouble } from "./trouble.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Looking whether the shared connection is there is local; one that says nothing for so long is held up. */
const LOOK_MS = 5_000;
/** ssh gives up a connection after 10 s by itself; logging in may take longer than that. */
const LOGIN_MS = 30_000;
/** So long a connection that was there is taken to be there. It stays a minute after the last run. */
const TRUSTED_MS = 20_000;

export interface ConnectionOptions {
  readonly name: string;
  readonly route: Omit<Route, "jump">;
  readonly through?: Connection | undefined;
  readonly env: Environment;
}

/** The shared connection to one host (ControlMaster of ssh): it is made once, and made anew when it has died. */
export class Connection {
  readonly peer: Peer;
  readonly address: string;
  private readonly options: ConnectionOptions;
  private files: Written | undefined;
  private making: Promise<void> | undefined;
  private seen = Number.NEGATIVE_INFINITY;
  private asking: Promise<void> | undefined;
  private root: boolean | undefined;

  constructor(options: ConnectionOptions) {
    const { name, route, through } = options;
    this.options = options;
    this.address = route.to.address;
    this.peer = { name, ...route, through: through?.peer.name };
    if (route.to.user !== undefined) this.root = route.to.user === "root";
  }

  /** Its settings, written where they are not yet. */
  get written(): Written {
    const { route, through, env } = this.options;
    const jump = through && { file: through.written.file, address: through.address };
    this.files ??= writeSettings({ ...route, jump }, env);
    return this.files;
  }

  /** Sees to it that the connection is there, for all who ask at once. Returns early when `signal` fires. */
  async ready(signal?: AbortSignal): Promise<void> {
    if (now() - this.seen < TRUSTED_MS) return;
    this.making ??= this.make().finally(() => {
      this.making = undefined;
    });
    if (signal === undefined) return await this.making;
    const fired = Promise.withResolvers<void>();
    const stop = () => fired.resolve();
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    await Promise.race([this.making, fired.promise]);
    signal.removeEventListener("abort", stop);
  }

  /** It is to be looked for again before the next run. */
  forget(): void {
    this.seen = Number.NEGATIVE_INFINITY;
  }

  /** Whether the login is root's: the user as named, else asked once. */
  async isRoot(): Promise<boolean> {
    if (this.root !== undefined) return this.root;
    this.asking ??= this.login().finally(() => {
      this.asking = undefined;
    });
    await this.asking;
    return this.root ?? false;
  }

  /** Process of the shared connection; undefined when there is none. One that does not answer is put aside. */
  async master(): Promise<number | undefined> {
    const { stderr, timedOut } = await this.ssh(["-O", "check"], [], { deadline: LOOK_MS, grace: 100 });
    if (timedOut) this.putAside();
    const pid = /^Master running \(pid=(\d+)\)/m.exec(stderr)?.[1];
    return pid === undefined ? undefined : Number(pid);
  }

  /** `ssh` with its settings: options, the host, then the command. */
  async ssh(
    flags: readonly string[],
    command: readonly string[],
    options: Omit<ProcessOptions, "env">,
  ): Promise<ProcessResult> {
    const { env } = this.options;
    const argv = ["ssh", "-F", this.written.file, ...flags, "--", this.address, ...command];
    try {
      return await runProcess(argv, { ...options, env });
    } catch (error) {
      if (!(error instanceof HomelabError)) throw error;
      throw new HomelabError(
        "unavailable",
        `\`ssh\`, which reaches ${this.peer.name}, is not on this machine`,
        {
          hint: "install OpenSSH's client (`openssh-client`), or add its directory to PATH",
          cause: error,
        },
      );
    }
  }

  private async make(): Promise<void> {
    // What cleans up temporary directories may have taken the settings away.
    this.files = undefined;
    if ((await this.master()) === undefined) {
      // Its own trouble has its own words; ssh would only say that the connection was closed.
      await this.options.through?.ready();
      await this.login();
    }
    this.seen = now();
  }

  /**
   * Any short program makes the connection, which stays behind it; this one tells who we are, too. Not `ssh -fN`: two
   * at once would leave one of them running for ever.
   */
  private async login(): Promise<void> {
    const log = freshLog(this.written);
    const options = { deadline: LOGIN_MS, leaveBehind: true };
    try {
      const { exitCode, stdout, timedOut } = await this.ssh(["-E", log, "-T"], ["id -u"], options);
      if (timedOut) throw sshTrouble("timed out", this.peer);
      if (exitCode === 255) throw sshTrouble(readFileSync(log, "utf8"), this.peer);
      this.root ??= stdout.trim() === "0";
    } finally {
      rmSync(log, { force: true });
    }
  }

  private putAside(): void {
    const { directory, id } = this.written;
    for (const file of readdirSync(directory))
      if (file.startsWith(`${id}-`)) rmSync(join(directory, file), { force: true });
  }
}
