import { expect, test } from "bun:test";
import { Lines, readLine } from "../../../src/systemd/journal.ts";

const entry = (change: Record<string, unknown>) =>
  JSON.stringify({ __REALTIME_TIMESTAMP: "1795258213000042", MESSAGE: "up", PRIORITY: "6", ...change });
const TIME = "2026-11-21T10:50:13.000042Z";

test.each<[string, Record<string, unknown>, string, string]>([
  ["a line", {}, "stdout", "up"],
  ["a line end in it", { MESSAGE: "one\ntwo" }, "stdout", "one\ntwo"],
  ["bytes that are no text", { MESSAGE: [104, 105, 255, 10] }, "stdout", "hi�\n"],
  ["bytes that are text", { MESSAGE: [195, 164] }, "stdout", "ä"],
  // journalctl leaves out what is larger than it shows.
  ["nothing", { MESSAGE: null }, "stdout", ""],
  ["no message", { MESSAGE: undefined }, "stdout", ""],
  ["empty", { MESSAGE: "" }, "stdout", ""],
  ["an error", { PRIORITY: "3" }, "stderr", "up"],
  ["an emergency", { PRIORITY: "0" }, "stderr", "up"],
  ["a warning", { PRIORITY: "4" }, "stdout", "up"],
  ["no priority", { PRIORITY: undefined }, "stdout", "up"],
  ["a priority of null", { PRIORITY: null }, "stdout", "up"],
  ["a priority that is none", { PRIORITY: "loud" }, "stdout", "up"],
  // A field that a unit wrote twice.
  ["two messages", { MESSAGE: ["one", "two"] }, "stdout", "one\ntwo"],
])("%s", (_, change, stream, text) => {
  expect(readLine(entry(change))).toEqual({
    line: { stream, time: TIME, text } as never,
    at: 1_795_258_213_000_042_000n,
  });
});

test("the time of a line is that of our clock", () => {
  expect(readLine(entry({}), 3_600_000)).toEqual({
    line: { stream: "stdout", time: TIME.replace("T10", "T09"), text: "up" },
    at: 1_795_258_213_000_042_000n,
  });
  expect(readLine(entry({}), -1)?.line.time).toBe("2026-11-21T10:50:13.001042Z");
});

test.each([
  "",
  "-- No entries --",
  "-- cursor: s=1",
  '{"__REALTIME_TIMESTAMP":"17952',
  "{}",
  entry({ __REALTIME_TIMESTAMP: "yesterday" }),
  entry({ __REALTIME_TIMESTAMP: 1 }),
  "[1]",
])("%j is no line", (text) => {
  expect(readLine(text)).toBeUndefined();
});

const TEXT = '{"a":"ä"}\n\n{"b":"🙂 end"}\n{"c":1}';

async function collected(lines: Lines): Promise<string[]> {
  const found: string[] = [];
  for await (const line of lines.each()) found.push(line);
  return found;
}

test("lines come whole, wherever the stream is cut", async () => {
  const bytes = new TextEncoder().encode(TEXT);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const lines = new Lines();
    lines.add(bytes.subarray(0, cut));
    lines.add(bytes.subarray(cut));
    lines.end();
    expect(await collected(lines)).toEqual(TEXT.split("\n"));
  }
});

test("who reads is woken by what comes later, byte by byte, and by the end", async () => {
  const lines = new Lines();
  const reading = collected(lines);
  for (const byte of new TextEncoder().encode(`${TEXT}\n`)) {
    lines.add(Uint8Array.of(byte));
    await Promise.resolve();
  }
  lines.end();
  expect(await reading).toEqual(TEXT.split("\n"));
});

test("what ends before anything came has no lines", async () => {
  const lines = new Lines();
  lines.end();
  expect(await collected(lines)).toEqual([]);
});
