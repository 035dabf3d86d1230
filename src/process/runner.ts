import { existsSync } from "node:fs";
import { delay } from "../clock.ts";
import { HomelabError } from "../errors.ts";
import { traced } from "./trace.ts";

/** Bytes of each output stream that are kept: the last ones. */
const TAIL_BYTES = 64 * 1024;
/** Between asking a process group to end and killing it, unless said otherwise, in milliseconds. */
const GRACE_MS = 5_000;
/** Sending a signal takes no longer. */
const SIGNAL_MS = 5_000;
/** A program has ended, and its output is read to the end, when this long nothing more of it came, twice. */
const QUIET_MS = 50;
/** What chatters on in the background is not listened to for longer than so many of these pauses. */
const PAUSES = 20;

/** Tells what a run starts that it is inside of it: the pid that holds the lock. */
export const RUN_VARIABLE = "HOMELAB_RUN";

/** The value of that variable for what the process `pid` starts, which may be inside of other runs itself. */
export const insideOf = (outer: string | undefined, pid: number): string =>
  outer ? `${outer},${pid}` : String(pid);

export interface ProcessOptions {
  readonly cwd?: string | undefined;
  /** The whole environment of the child; PATH is looked up in it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Given to it on standard input, which is closed after it; without it there is none. */
  readonly stdin?: string | undefined;
  /** A file descriptor that is its standard input, instead of a text. It stays open here. */
  readonly input?: number | undefined;
  /** A file descriptor that its standard output goes to: then nothing of that is kept. It stays open here. */
  readonly output?: number | undefined;
  /** Given every piece of output as it comes, beside what is kept. */
  readonly tee?: ((stream: "stdout" | "stderr", piece: Uint8Array) => void) | undefined;
  /**
   * A person's own program in the foreground: it has the terminal, nothing of it is captured, and it is in this
   * process's group, so that the terminal's Ctrl-C reaches it by itself.
   */
  readonly foreground?: boolean | undefined;
  /** What it leaves running in the background, with its output open, is not waited for. */
  readonly leaveBehind?: boolean | undefined;
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
  /** Words in front of a `kill` that may end it all the same. Where that fails, too, it is left behind. */
  readonly endWith?: readonly string[] | undefined;
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
  const told = traced(argv, options.redact !== undefined);
  const child = spawn(argv, options);
  let timedOut = false;
  let cancelled = false;
  let killer: ReturnType<typeof setTimeout> | undefined;
  const killed = new AbortController();
  const lost = Promise.withResolvers<void>();
  const whom = options.foreground ? child.pid : -child.pid;
  const leave = () => {
    child.unref();
    killed.abort();
    lost.resolve();
  };
  const kill = () => {
    if (signal(whom, "SIGKILL")) killed.abort();
    else if (options.endWith) void signalWith(options.endWith, "KILL", whom, options.env).finally(leave);
  };
  const end = () => {
    if (killer !== undefined) return;
    killer = setTimeout(kill, options.grace ?? GRACE_MS);
    if (signal(whom, "SIGTERM")) return;
    options.onStuck?.();
    if (options.endWith)
      void signalWith(options.endWith, "TERM", whom, options.env).then((sent) => sent || leave());
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

  let pieces = 0;
  const see = (stream: "stdout" | "stderr") => (piece: Uint8Array) => {
    pieces++;
    told?.piece(stream, piece);
    options.tee?.(stream, piece);
  };
  const collect = async (): Promise<ProcessResult> => {
    const [read, left] = [new AbortController(), new AbortController()];
    const silenced = AbortSignal.any([killed.signal, left.signal]);
    if (options.leaveBehind)
      void child.exited.then(() => untilQuiet(() => pieces, read.signal)).then(() => left.abort());
    const [stdout, stderr] = await Promise.all([
      tail(
        typeof child.stdout === "object" ? child.stdout : undefined,
        options.keep ?? TAIL_BYTES,
        silenced,
        see("stdout"),
      ),
      tail(child.stderr, TAIL_BYTES, silenced, see("stderr")),
      Promise.race([child.exited, lost.promise]),
    ]);
    read.abort();
    clearTimeout(timer);
    clearTimeout(killer);
    options.signal?.removeEventListener("abort", cancel);
    const redact = options.redact ?? ((text: string) => text);
    const result = {
      exitCode: child.exitCode,
      signal: child.signalCode === null ? null : String(child.signalCode),
      timedOut,
      cancelled,
      stdout: redact(stdout),
      stderr: redact(stderr),
    };
    told?.ended(result);
    return result;
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
  const input = options.input ?? (options.stdin === undefined ? "ignore" : Buffer.from(options.stdin));
  try {
    return Bun.spawn({
      cmd: [...argv],
      env: { ...options.env },
      stdin: foreground ? "inherit" : input,
      stdout: options.output ?? streams,
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

/** The same, started by words that make it another user's. */
async function signalWith(
  words: readonly string[],
  name: "TERM" | "KILL",
  whom: number,
  env: ProcessOptions["env"],
): Promise<boolean> {
  const argv = [...words, "kill", "-s", name, "--", String(whom)];
  return (await runProcess(argv, { env, deadline: SIGNAL_MS })).exitCode === 0;
}

/**
 * Resolves when nothing more comes of a program that has ended. Its pipe does not tell, as others have it open: only
 * time does. One pause may be over because this process itself was held up, and not because nothing came.
 */
async function untilQuiet(pieces: () => number, signal: AbortSignal): Promise<void> {
  let [seen, quiet] = [pieces(), 0];
  for (let pause = 0; pause < PAUSES && quiet < 2 && !signal.aborted; pause++) {
    await delay(QUIET_MS, signal);
    quiet = pieces() === seen ? quiet + 1 : 0;
    seen = pieces();
  }
}

/** The last `limit` bytes of a stream. Once `silenced` fires, what holds it open no longer holds up the end of it. */
async function tail(
  stream: ReadableStream<Uint8Array> | undefined,
  limit: number,
  silenced: AbortSignal,
  see: (piece: Uint8Array) => void,
): Promise<string> {
  if (!stream) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = stream.getReader();
  silenced.addEventListener("abort", () => void reader.cancel(), { once: true });
  for (let part = await reader.read(); part.value !== undefined; part = await reader.read()) {
    see(part.value);
    chunks.push(part.value);
    size += part.value.length;
    while (chunks.length > 1 && size - (chunks[0]?.length ?? 0) >= limit) size -= chunks.shift()?.length ?? 0;
  }
  const all = Buffer.concat(chunks);
  return all.subarray(Math.max(0, all.length - limit)).toString("utf8");
}
