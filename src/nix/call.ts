import { delay } from "../clock.ts";
import { HomelabError } from "../errors.ts";
import type { Machine, MachineOptions } from "../process/machine.ts";
import type { ProcessResult } from "../process/runner.ts";
import { type Asked, type Ended, explainMachine, type Failure } from "./failure.ts";
import { NixLog } from "./progress.ts";

const KEEP_BYTES = 1024 * 1024;
/** `env` also tells a Nix that is missing from a machine that is: 127, wherever it is started. */
const ENVIRONMENT = ["env", "LC_ALL=C", "GIT_TERMINAL_PROMPT=0"];
const FEATURES = ["--extra-experimental-features", "nix-command flakes"];

export interface NixOptions {
  /** Milliseconds. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
  /** As root, where the login is another user's. */
  readonly root?: boolean | undefined;
  /** Settings of its environment: `NIX_SSHOPTS=…`. */
  readonly settings?: readonly string[] | undefined;
  /** Told, in a few words, what Nix is at, whenever that changes. */
  readonly progress?: ((note: string) => void) | undefined;
}

/** How a call ended, and what it printed. */
export type NixResult = ProcessResult & Ended;

const LOG = ["--log-format", "internal-json"];

/** Runs `nix …` with its log read as it comes. Throws what `Machine.run` does. */
export const nix = (machine: Machine, words: readonly string[], options: NixOptions): Promise<NixResult> =>
  logged(machine, ["nix", ...FEATURES, ...LOG, ...words], options);

/** The same for `nix-store …`. */
export const nixStore = (
  machine: Machine,
  words: readonly string[],
  options: NixOptions,
): Promise<NixResult> => logged(machine, ["nix-store", ...LOG, ...words], options);

/** How long to wait before Nix is called again that could not open its database. */
const BUSY_MS = [200, 500, 1_000, 2_000];

/** Whether Nix ended because another one had its database open, as two do that are the first on a machine. */
export const isBusy = ({ exitCode, stderr }: Pick<ProcessResult, "exitCode" | "stderr">): boolean =>
  exitCode !== 0 && /SQLite database '[^'\n]*' is busy/.test(stderr);

async function unlessBusy<Result extends ProcessResult>(
  signal: AbortSignal | undefined,
  call: () => Promise<Result>,
): Promise<Result> {
  for (const pause of BUSY_MS) {
    const result = await call();
    if (!isBusy(result) || signal?.aborted) return result;
    await delay(pause, signal);
  }
  return call();
}

const logged = (machine: Machine, command: readonly string[], options: NixOptions): Promise<NixResult> =>
  unlessBusy(options.signal, () => loggedOnce(machine, command, options));

async function loggedOnce(
  machine: Machine,
  command: readonly string[],
  { progress, settings = [], ...options }: NixOptions,
): Promise<NixResult> {
  const log = new NixLog();
  let [last, doing] = ["", log.note()];
  const tee = (stream: "stdout" | "stderr", piece: Uint8Array) => {
    if (stream !== "stderr") return;
    log.feed(piece);
    const note = log.note();
    if (note === last) return;
    last = note;
    // Between two things, and at the end, there is nothing to be named.
    if (note !== "preparing") doing = note;
    progress?.(note);
  };
  const argv = [...ENVIRONMENT, ...settings, ...command];
  const result = await machine.run(argv, { ...options, keep: KEEP_BYTES, tee });
  log.end();
  return { ...result, log, doing };
}

/** Runs one of the old commands, `nix-store …`, that have no log of that kind. */
export const oldNix = (
  machine: Machine,
  argv: readonly string[],
  { progress: _, settings: __, ...options }: NixOptions & Pick<MachineOptions, "stdin" | "keep">,
): Promise<ProcessResult> =>
  unlessBusy(options.signal, () => machine.run([...ENVIRONMENT, ...argv], options));

/** What is the matter with the machine that an old command failed on; undefined when it is something else. */
export function troubleOf(
  result: Pick<ProcessResult, "exitCode" | "stderr" | "timedOut" | "cancelled">,
  asked: Asked,
): Failure | undefined {
  const log = new NixLog();
  log.feed(Buffer.from(result.stderr));
  log.end();
  return explainMachine({ ...result, log, doing: "the store" }, asked);
}

const EXITS = {
  "nix-missing": "unavailable",
  "nix-too-old": "unsupported",
  daemon: "unavailable",
  network: "unavailable",
  permission: "permission",
  owner: "permission",
  "no-flake": "not-configured",
  "no-attribute": "not-configured",
  timeout: "timeout",
  interrupted: "interrupted",
} as const;

/** A failure as what ends a command. */
export function asError({ code, detail, hint, position }: Failure): HomelabError {
  const known: Partial<Record<string, (typeof EXITS)[keyof typeof EXITS]>> = EXITS;
  return new HomelabError(known[code] ?? "step-failed", detail, { hint, position });
}
