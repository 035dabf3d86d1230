import { expect, test } from "bun:test";
import { justAfter, type LogLine, mergeByTime, readLogLines } from "../../../src/docker/logs.ts";
import { randomFrom } from "../random.ts";

const frame = (stream: 1 | 2, text: string): Uint8Array => {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
};
const AT = "2026-11-21T03:12:05.000000001Z";

async function* cut(bytes: Uint8Array, sizes: () => number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const size = sizes();
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

test("lines are the same however the stream is cut", async () => {
  const bytes = Buffer.concat([
    frame(1, `${AT} größer\n${AT} `),
    frame(2, `${AT} an error\n`),
    frame(1, `二\n${AT} no end`),
  ]);
  const want = [
    { stream: "stdout", time: AT, text: "größer" },
    { stream: "stderr", time: AT, text: "an error" },
    { stream: "stdout", time: AT, text: "二" },
    { stream: "stdout", time: AT, text: "no end" },
  ];
  expect(
    await collect(
      readLogLines(
        cut(bytes, () => bytes.length),
        false,
      ),
    ),
  ).toEqual(want as LogLine[]);
  const next = randomFrom(7);
  for (let round = 0; round < 50; round++) {
    const sizes = () => 1 + next(9);
    expect(await collect(readLogLines(cut(bytes, sizes), false))).toEqual(want as LogLine[]);
  }
});

test("a container with a terminal has one raw stream", async () => {
  const bytes = Buffer.from(`${AT} one\r\n${AT} \r\nwithout time\r\n`);
  expect(
    await collect(
      readLogLines(
        cut(bytes, () => 5),
        true,
      ),
    ),
  ).toEqual([
    { stream: "stdout", time: AT, text: "one" },
    { stream: "stdout", time: AT, text: "" },
    { stream: "stdout", time: "", text: "without time" },
  ]);
});

test("several logs are one, by time", async () => {
  async function* source(name: string, ...times: string[]) {
    for (const time of times) yield { line: { stream: "stdout" as const, time, text: name } };
  }
  const merged = await collect(mergeByTime([source("a", "1", "4"), source("b"), source("c", "2", "3", "5")]));
  expect(merged.map(({ line }) => line.text + line.time)).toEqual(["a1", "c2", "c3", "a4", "c5"]);
});

test.each([
  ["2026-11-21T03:12:05.000000001Z", "1795230725.000000002"],
  ["2026-11-21T03:12:05.999999999Z", "1795230726.000000000"],
  ["2026-11-21T03:12:05.5Z", "1795230725.500000001"],
  ["2026-11-21T03:12:05Z", "1795230725.000000001"],
])("justAfter(%s)", (time, want) => expect(justAfter(time)).toBe(want));

test("a line without an end comes in pieces of one time, and is never kept whole", async () => {
  const piece = "x".repeat(16_384);
  async function* endless() {
    yield frame(1, `${AT} `);
    for (let index = 0; index < 64; index++) yield frame(1, piece);
    yield frame(1, `the end\n${AT} next\n`);
  }
  const lines = await collect(readLogLines(endless(), false));
  expect(lines.map(({ time }) => time)).toEqual(lines.map(() => AT));
  expect(Math.max(...lines.map(({ text }) => text.length))).toBeLessThan(300_000);
  expect(lines.map(({ text }) => text).join("")).toBe(`${piece.repeat(64)}the endnext`);
});

test("what is no stream of frames is refused rather than kept", async () => {
  const page = Buffer.from("HTTP/1.1 200 OK\r\n\r\n");
  expect(
    collect(
      readLogLines(
        cut(page, () => 5),
        false,
      ),
    ),
  ).rejects.toThrow("no stream of lines");
});
