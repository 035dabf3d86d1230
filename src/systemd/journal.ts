import { HomelabError } from "../errors.ts";
import { aheadOf } from "../process/ahead.ts";
import type { Machine } from "../process/machine.ts";
import { needsRoot, notLetIn } from "./reader.ts";

/** One line that a unit wrote. */
export interface JournalLine {
  /** What it wrote as an error or worse counts as standard error. */
  readonly stream: "stdout" | "stderr";
  /** ISO, with microseconds: sorts as text. */
  readonly time: string;
  readonly text: string;
  /** What the program that wrote it calls itself: `sshd`, `kernel`. */
  readonly by?: string | undefined;
}

export interface JournalQuery {
  /** Epoch seconds of this machine's clock, with a fraction. */
  readonly since?: string | undefined;
  /** How many lines at most, or `all`. */
  readonly tail?: string | undefined;
  readonly follow?: boolean | undefined;
  readonly signal: AbortSignal;
}

const DEADLINE_MS = 120_000;
/** A timer takes no longer delay. */
const NO_DEADLINE_MS = 2 ** 31 - 1;

/**
 * What units wrote, oldest first, with the times that our clock had; `units` are names or patterns, and none at all
 * stand for the whole journal. Throws `unavailable` or `permission` when the journal cannot be read.
 */
export async function* journalLines(
  machine: Machine,
  units: readonly string[],
  { since, tail, follow = false, signal }: JournalQuery,
): AsyncGenerator<JournalLine> {
  const lines = new Lines();
  const [root, ahead] = await Promise.all([needsRoot(machine), aheadOf(machine)]);
  const first = since === undefined ? undefined : nanoseconds(since) + BigInt(ahead) * 1_000_000n;
  const argv = [
    // A message of more than 4 KiB is left out without `--all`.
    ...[
      "journalctl",
      "--no-pager",
      "--quiet",
      "--all",
      "--output=json",
      "--output-fields=MESSAGE,PRIORITY,SYSLOG_IDENTIFIER",
    ],
    ...(first === undefined ? [] : [`--since=@${secondsOf(first)}`]),
    // With `--follow`, the default is ten lines.
    `--lines=${tail ?? "all"}`,
    ...(follow ? ["--follow"] : []),
    ...units.flatMap((unit) => ["--unit", unit]),
  ];
  const ended = machine
    .run(argv, {
      deadline: follow ? NO_DEADLINE_MS : DEADLINE_MS,
      signal,
      root,
      english: true,
      keep: 0,
      tee: (stream, piece) => stream === "stdout" && lines.add(piece),
    })
    .finally(() => lines.end());
  // Its failure is told at the end, when nothing waits for lines any more.
  ended.catch(() => {});
  for await (const line of lines.each()) {
    const read = readLine(line, ahead);
    if (read && (first === undefined || read.at >= first)) yield read.line;
  }
  const { exitCode, stderr, cancelled } = await ended.catch((error) => {
    throw notLetIn(machine, error);
  });
  if (exitCode === 0 || cancelled || signal.aborted) return;
  throw new HomelabError(
    "unavailable",
    `the journal of ${machine.name} cannot be read: ${stderr.trim().split("\n")[0] || "journalctl failed"}`,
    { hint: "run it with `sudo`, or join the group `systemd-journal`" },
  );
}

/** `1763719444.25`, in nanoseconds. */
function nanoseconds(seconds: string): bigint {
  const [whole = "0", fraction = ""] = seconds.split(".");
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, "0") || "0");
}

/** The other way round. */
const secondsOf = (nanos: bigint): string =>
  `${nanos / 1_000_000_000n}.${String(nanos % 1_000_000_000n).padStart(9, "0")}`;

/**
 * One line of `journalctl --output=json` (systemd.journal-fields(7)); undefined for what is none. `at`: nanoseconds as
 * the journal has them; its time is that of our clock, of which that machine's is `ahead` milliseconds.
 */
export function readLine(text: string, ahead = 0): { line: JournalLine; at: bigint } | undefined {
  if (!text.startsWith("{")) return undefined;
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { __REALTIME_TIMESTAMP: stamp, MESSAGE: message, PRIORITY: priority, SYSLOG_IDENTIFIER: by } = entry;
  if (typeof stamp !== "string" || !/^\d+$/.test(stamp)) return undefined;
  const micros = BigInt(stamp);
  const iso = new Date(Number(micros / 1000n) - ahead).toISOString();
  const time = iso.replace("Z", `${String(micros % 1000n).padStart(3, "0")}Z`);
  const stream = Number(priority ?? 6) <= 3 ? "stderr" : "stdout";
  const line = { stream, time, text: textOf(message), ...(typeof by === "string" && { by }) } as const;
  return { line, at: micros * 1000n };
}

/** A message that is no text comes as its bytes, several of one entry as a list, one that is too large as nothing. */
export function textOf(message: unknown): string {
  if (typeof message === "string") return message;
  if (!Array.isArray(message)) return "";
  return message.every((each) => typeof each === "number")
    ? Buffer.from(message).toString("utf8")
    : message.map(textOf).join("\n");
}

/** Lines of a stream that comes in pieces, for one reader. */
export class Lines {
  private readonly decoder = new TextDecoder();
  private rest = "";
  private ready: string[] = [];
  private ended = false;
  private wake: () => void = () => {};

  add(piece: Uint8Array): void {
    const lines = (this.rest + this.decoder.decode(piece, { stream: true })).split("\n");
    this.rest = lines.pop() ?? "";
    this.ready.push(...lines);
    this.wake();
  }

  end(): void {
    this.ended = true;
    this.wake();
  }

  async *each(): AsyncGenerator<string> {
    for (;;) {
      const lines = this.ready;
      this.ready = [];
      yield* lines;
      if (this.ready.length > 0) continue;
      if (this.ended) break;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    if (this.rest !== "") yield this.rest;
  }
}
