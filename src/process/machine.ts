import { HomelabError } from "../errors.ts";
import { type ProcessOptions, type ProcessResult, runProcess } from "./runner.ts";

/** What a program that runs to its end on some machine is given. As for a process of this one, without its environment. */
export interface MachineOptions
  extends Pick<
    ProcessOptions,
    "deadline" | "signal" | "stdin" | "input" | "output" | "tee" | "redact" | "keep" | "grace"
  > {
  /**
   * As root: through `sudo -n` where the login is another user's. Throws `permission` where that asks for a password.
   * Then it speaks English as well.
   */
  readonly root?: boolean | undefined;
  /** What it says is read by this program, and is to be in English whatever the language of the machine. */
  readonly english?: boolean | undefined;
}

/** A machine that programs are started on: this one, or another over ssh. */
export interface Machine {
  /** For people: "this machine", or what the recipes call the host. */
  readonly name: string;
  /** Whether it is another one. */
  readonly remote: boolean;
  /**
   * Runs a program to its end; the argument vector arrives as it is, also over ssh. A program that is missing has exit
   * code 127 there and throws `unavailable` here. Throws `unavailable` when the machine cannot be reached, `refused`
   * when its host key is not the known one, and `permission` when it does not let us in.
   */
  run(argv: readonly string[], options: MachineOptions): Promise<ProcessResult>;
  /** Runs a program with the terminal of this process, until its end. Gives its exit code. */
  foreground(argv: readonly string[], options?: { readonly root?: boolean }): Promise<number>;
}

/** In front of what only root may run. */
export const SUDO: readonly string[] = ["sudo", "-n", "--"];
/** Messages that are the same on every machine. Sudo hands it on. */
const ENGLISH = { LC_ALL: "C" };
export const IN_ENGLISH: readonly string[] = ["env", "LC_ALL=C"];

type Environment = Readonly<Record<string, string | undefined>>;

/** A person's own program in the foreground has no end that could be foreseen; a timer takes no longer delay. */
const NO_DEADLINE_MS = 2 ** 31 - 1;

/** The machine that this program runs on. */
export class LocalMachine implements Machine {
  readonly name = "this machine";
  readonly remote = false;

  constructor(private readonly env: Environment) {}

  async run(
    argv: readonly string[],
    { root, english = root, ...options }: MachineOptions,
  ): Promise<ProcessResult> {
    const words = this.words(argv, root);
    const result = await runProcess(words, {
      ...options,
      env: english ? { ...this.env, ...ENGLISH } : this.env,
      // What sudo has started is root's: only root ends it, and where sudo starts nothing else it is left behind.
      ...(words !== argv && { endWith: SUDO }),
    });
    refuseWithoutSudo(result, root, this);
    return result;
  }

  async foreground(argv: readonly string[], { root }: { root?: boolean } = {}): Promise<number> {
    const options = { env: this.env, foreground: true, deadline: NO_DEADLINE_MS };
    return exitCodeOf(await runProcess(this.words(argv, root), options));
  }

  private words(argv: readonly string[], root = false): readonly string[] {
    return root && process.getuid?.() !== 0 ? [...SUDO, ...argv] : argv;
  }
}

/** Asks each machine once; who failed to answer is asked again. */
export function oncePerMachine<T>(ask: (machine: Machine) => Promise<T>): (machine: Machine) => Promise<T> {
  const known = new WeakMap<Machine, Promise<T>>();
  return (machine) => {
    const asked =
      known.get(machine) ??
      ask(machine).catch((error) => {
        known.delete(machine);
        throw error;
      });
    known.set(machine, asked);
    return asked;
  };
}

/** As a shell says it: 128 and the number of the signal that ended it. */
export const exitCodeOf = ({ exitCode, signal }: ProcessResult): number =>
  exitCode ?? 128 + (SIGNALS[signal ?? ""] ?? 9);

const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGKILL: 9,
  SIGTERM: 15,
};

/** What `sudo -n` says when it would have to ask. */
const PASSWORD_NEEDED = /^sudo: (?:a password is required|.*no tty present|.*a terminal is required)/m;

/** Throws `permission` when a program did not run because sudo wanted a password, which nobody can give it. */
export function refuseWithoutSudo(
  { exitCode, stderr }: ProcessResult,
  root: boolean | undefined,
  { name }: Pick<Machine, "name">,
): void {
  if (!root || exitCode !== 1 || !PASSWORD_NEEDED.test(stderr)) return;
  throw new HomelabError("permission", `this needs root on ${name}, and \`sudo\` asks for a password there`, {
    hint: "log in as root, or allow it without a password in sudoers (NOPASSWD)",
  });
}
