import { HomelabError } from "../errors.ts";

/** One line that a container wrote. */
export interface LogLine {
  readonly stream: "stdout" | "stderr";
  /** As the engine writes it, with nanoseconds: sorts as text. Empty where the engine gives none. */
  readonly time: string;
  readonly text: string;
}

/**
 * Reads the lines of a log that was asked for with timestamps. With a terminal (`tty`) a container's output is one raw
 * stream; else frames of 8 bytes of header (the stream, three zeros, the size) and a payload (Docker Engine API,
 * "ContainerAttach", "Stream format").
 */
export async function* readLogLines(
  chunks: AsyncIterable<Uint8Array>,
  tty: boolean,
): AsyncGenerator<LogLine> {
  const decoders = { stdout: new LineDecoder("stdout"), stderr: new LineDecoder("stderr") };
  if (tty) for await (const chunk of chunks) yield* decoders.stdout.add(chunk);
  else {
    for await (const { stream, payload } of frames(chunks)) yield* decoders[stream].add(payload);
  }
  yield* decoders.stdout.end();
  yield* decoders.stderr.end();
}

const HEADER = 8;
/** The engine's frames are far smaller: what claims to be larger is no frame. */
const MAX_FRAME = 16 * 1024 * 1024;
/** A line that is longer comes in pieces: nothing bounds what a container writes without an end of line. */
const MAX_LINE = 256 * 1024;

async function* frames(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ stream: LogLine["stream"]; payload: Uint8Array }> {
  let rest: Uint8Array = new Uint8Array();
  for await (const chunk of chunks) {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (bytes.length >= HEADER) {
      const size = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(4);
      if (size > MAX_FRAME) throw notALog();
      if (bytes.length < HEADER + size) break;
      yield { stream: bytes[0] === 2 ? "stderr" : "stdout", payload: bytes.subarray(HEADER, HEADER + size) };
      bytes = bytes.subarray(HEADER + size);
    }
    // A copy: the chunk's memory is the stream's.
    rest = bytes.slice();
  }
}

const notALog = (): HomelabError =>
  new HomelabError("docker-unavailable", "Docker's answer is no stream of lines", {
    hint: "the program in DOCKER_HOST may not be Docker, or the container was made anew meanwhile: run again",
  });

/** Puts lines together from pieces that may end in the middle of a line, or of a character. */
class LineDecoder {
  private readonly decoder = new TextDecoder();
  private rest = "";
  /** When the long line began of which there were pieces before; empty at a line's beginning. */
  private since = "";

  constructor(private readonly stream: LogLine["stream"]) {}

  *add(bytes: Uint8Array): Generator<LogLine> {
    const lines = (this.rest + this.decoder.decode(bytes, { stream: true })).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) yield this.line(line);
    if (this.rest.length > MAX_LINE) {
      const piece = this.line(this.rest);
      yield piece;
      this.since = piece.time;
      this.rest = "";
    }
  }

  *end(): Generator<LogLine> {
    this.rest += this.decoder.decode();
    if (this.rest !== "") yield this.line(this.rest);
    this.rest = "";
  }

  private line(written: string): LogLine {
    const match = /^(\d{4}-\d\d-\d\dT\S+Z) ?(.*)$/s.exec(written);
    const time = match?.[1] ?? this.since;
    this.since = "";
    return { stream: this.stream, time, text: (match?.[2] ?? written).replace(/\r$/, "") };
  }
}

/** Several sorted sequences as one, by time; each is read no further than it has to be. */
export async function* mergeByTime<T extends { readonly line: LogLine }>(
  sources: readonly AsyncGenerator<T>[],
): AsyncGenerator<T> {
  const heads: { source: AsyncGenerator<T>; value: T }[] = [];
  const advance = async (source: AsyncGenerator<T>) => {
    const next = await source.next();
    if (!next.done) heads.push({ source, value: next.value });
  };
  for (const source of sources) await advance(source);
  while (heads.length > 0) {
    const first = heads.reduce((a, b) => (b.value.line.time < a.value.line.time ? b : a));
    heads.splice(heads.indexOf(first), 1);
    yield first.value;
    await advance(first.source);
  }
}

/** The moment right after a line's, as the engine takes it: seconds with nanoseconds. */
export function justAfter(time: string): string {
  const fraction = /\.(\d+)Z$/.exec(time)?.[1] ?? "";
  const seconds = BigInt(Date.parse(time.replace(/\.\d+Z$/, "Z"))) / 1000n;
  const nanoseconds = seconds * 1_000_000_000n + BigInt(fraction.padEnd(9, "0")) + 1n;
  return `${nanoseconds / 1_000_000_000n}.${String(nanoseconds % 1_000_000_000n).padStart(9, "0")}`;
}
