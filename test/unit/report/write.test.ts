import { afterEach, beforeEach, expect, test } from "bun:test";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeAll } from "../../../src/report/write.ts";

const SIZE = 2 * 1024 * 1024;

/** A process that writes 2 MB into a pipe that does not block: exit 0 when whole, 9 when the reader left. */
const WRITER = `
import { openSync, constants } from "node:fs";
import { ClosedPipe, writeAll, writerWhileOpen } from ${JSON.stringify(join(import.meta.dir, "../../../src/report/write.ts"))};
const [path, how] = process.argv.slice(2);
const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
const text = "0123456789abcde\\n".repeat(${SIZE} / 16);
try {
  if (how === "all") writeAll(fd, text);
  else for (const write = writerWhileOpen(fd), n = { left: 3 }; n.left > 0; n.left--) write(text);
} catch (error) {
  process.exit(error instanceof ClosedPipe ? 9 : 8);
}
`;

let dir: string;
let pipe: string;
let reader: number;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "homelab-write-"));
  pipe = join(dir, "pipe");
  Bun.spawnSync(["mkfifo", pipe]);
  await Bun.write(join(dir, "writer.ts"), WRITER);
  reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

const start = (how: "all" | "while-open") =>
  Bun.spawn([process.execPath, join(dir, "writer.ts"), pipe, how], { stdout: "ignore", stderr: "inherit" });

/** What can be read now; nothing when the pipe is empty. */
function readSome(buffer: Buffer): number {
  try {
    return readSync(reader, buffer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return 0;
    throw error;
  }
}

test("a document arrives whole through a full pipe with a slow reader (checklist 2)", async () => {
  const writer = start("all");
  const buffer = Buffer.alloc(64 * 1024);
  const parts: Buffer[] = [];
  while (true) {
    const got = readSome(buffer);
    if (got > 0) parts.push(Buffer.from(buffer.subarray(0, got)));
    else if (writer.exitCode !== null) break;
    await Bun.sleep(2);
  }
  closeSync(reader);
  expect(writer.exitCode).toBe(0);
  const whole = Buffer.concat(parts).toString();
  expect(whole.length).toBe(SIZE);
  expect(whole).toBe("0123456789abcde\n".repeat(SIZE / 16));
}, 20_000);

test.each([
  { how: "all", exit: 9, name: "a reader that leaves ends the writing with ClosedPipe" },
  { how: "while-open", exit: 0, name: "a run's writer drops the rest when the reader leaves" },
] as const)(
  "$name",
  async ({ how, exit }) => {
    const writer = start(how);
    const buffer = Buffer.alloc(1024);
    while (readSome(buffer) === 0) await Bun.sleep(1);
    closeSync(reader);
    expect(await writer.exited).toBe(exit);
  },
  20_000,
);

test("a full disk is an error of its own", () => {
  const full = openSync("/dev/full", "w");
  expect(() => writeAll(full, "x")).toThrow("ENOSPC");
  closeSync(full);
});
