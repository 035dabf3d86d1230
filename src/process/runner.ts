import { existsSync } from "node:fs";
import { HomelabError } from "../errors.ts";

/** Bytes of each output stream that are kept: the last ones. */
const TAIL_BYTES = 64 * 1024;
/** Between asking a process group to end and killing it, unless said otherwise, in milliseconds. */
const GRACE_MS = 5_000;

export interface ProcessOptions {
  readonly cwd?: string | undefined;
  /** The whole environment of the child; PATH is looked up in it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Given to it on standard input, which is closed after it; without it there is none. */
  readonly stdin?: string | undefined;
  /** Given every piece of output as it comes, beside what is kept. */
  readonly tee?: ((stream: "stdout" | "stderr", piece: Uint8Array) => void) | undefined;
  /**
   * A person's own program in the foreground: it has the terminal, nothing of it is captured, and it is in this
   * process's group, so that the terminal's Ctrl-C reaches it by itself.
   */
  readonly foreground?: boolean | undefined;
  /** Milliseconds until the group is ended. */
  readonly deadline: number;
  /** Ends the group early. */
  readonly signal?: AbortSignal | undefined;
  /** Applied to all captured text before anybody sees it. */
  readonly redact?: ((text: string) => string) | undefined;
  /** How much of standard output is kept, in bytes; the last part wins. */
  readonly keep?: number | undefined;
  /** Milliseconds between asking the group to end and killing it. */
  readonly grace?: number | undefined;
  /** Told, once, when it has become another user's and cannot be ended: then its own end is waited for. */
  readonly onStuck?: (() => void) | undefined;
}

export interface ProcessResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly cancelled: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningProcess {
  readonly pid: number;
  readonly result: Promise<ProcessResult>;
}

/**
 * Starts an outside program in a process group of its own, so that the terminal's Ctrl-C does not reach it.
 * Throws `unavailable` when it cannot be started; otherwise the result says how it ended and never rejects.
 */
export function startProcess(argv: readonly string[], options: ProcessOptions): RunningProcess {
  const child = spawn(argv, options);
  let timedOut = false;
  let cancelled = false;
  let killer: ReturnType<typeof setTimeout> | undefined;
  const killed = new AbortController();
  const whom = options.foreground ? child.pid : -child.pid;
  const kill = () => {
    if (signal(whom, "SIGKILL")) killed.abort();
  };
  const end = () => {
    if (killer !== undefined) return;
    if (!signal(whom, "SIGTERM")) options.onStuck?.();
    killer = setTimeout(kill, options.grace ?? GRACE_MS);
  };
  const timer = setTimeout(() => {
    timedOut = true;
    end();
  }, options.deadline);
  const cancel = () => {
    cancelled = true;
    end();
  };
  if (options.signal?.aborted) cancel();
  options.signal?.addEventListener("abort", cancel, { once: true });

  const collect = async (): Promise<ProcessResult> => {
    const [stdout, stderr] = await Promise.all([
      tail(child.stdout, options.keep ?? TAIL_BYTES, killed.signal, (piece) =>
        options.tee?.("stdout", piece),
      ),
      tail(child.stderr, TAIL_BYTES, killed.signal, (piece) => options.tee?.("stderr", piece)),
      child.exited,
    ]);
    clearTimeout(timer);
    clearTimeout(killer);
    options.signal?.removeEventListener("abort", cancel);
    const redact = options.redact ?? ((text: string) => text);
    return {
      exitCode: child.exitCode,
      signal: child.signalCode === null ? null : String(child.signalCode),
      timedOut,
      cancelled,
      stdout: redact(stdout),
      stderr: redact(stderr),
    };
  };
  return { pid: child.pid, result: collect() };
}

/** Starts a program and waits for its end. */
export function runProcess(argv: readonly string[], options: ProcessOptions): Promise<ProcessResult> {
  return startProcess(argv, options).result;
}

function spawn(argv: readonly string[], options: ProcessOptions) {
  const { foreground = false } = options;
  const streams = foreground ? "inherit" : "pipe";
  const input = options.stdin === undefined ? "ignore" : Buffer.from(options.stdin);
  try {
    return Bun.spawn({
      cmd: [...argv],
      env: { ...options.env },
      stdin: foreground ? "inherit" : input,
      stdout: streams,
      stderr: streams,
      detached: !foreground,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
  } catch (cause) {
    if (options.cwd !== undefined && !existsSync(options.cwd)) {
      throw new HomelabError(
        "unavailable",
        `cannot start \`${argv[0]}\` in ${options.cwd}: no such directory`,
        {
          hint: "it was there when this run began: put it back, then run again",
          cause,
        },
      );
    }
    throw new HomelabError("unavailable", `cannot start \`${argv[0]}\``, {
      hint: `install \`${argv[0]}\`, or add its directory to PATH`,
      cause,
    });
  }
}

/**
 * Signals a process, or a group by its negative number. One that has gone already is what was wanted. False when it
 * is another user's by now, as what `sudo` starts is.
 */
function signal(whom: number, name: "SIGTERM" | "SIGKILL"): boolean {
  try {
    process.kill(whom, name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EPERM") return false;
    if (code !== "ESRCH") throw error;
  }
  return true;
}

/** The last `limit` bytes of a stream. Once `killed` fires, what left the group no longer holds up the end of it. */
async function tail(
  stream: ReadableStream<Uint8Array> | undefined,
  limit: number,
  killed: AbortSignal,
  see: (piece: Uint8Array) => void,
): Promise<string> {
  if (!stream) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = stream.getReader();
  killed.addEventListener("abort", () => void reader.cancel(), { once: true });
  for (let part = await reader.read(); part.value !== undefined; part = await reader.read()) {
    see(part.value);
    chunks.push(part.value);
    size += part.value.length;
    while (chunks.length > 1 && size - (chunks[0]?.length ?? 0) >= limit) size -= chunks.shift()?.length ?? 0;
  }
  const all = Buffer.concat(chunks);
  return all.subarray(Math.max(0, all.length - limit)).toString("utf8");
}
