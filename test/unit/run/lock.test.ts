import { expect, test } from "bun:test";
import { join } from "node:path";
import { HomelabError } from "../../../src/errors.ts";
import { insideOf } from "../../../src/process/runner.ts";
import { describeHolder, holderPid, lockHolder, takeLock } from "../../../src/run/lock.ts";
import { temporary } from "../temporary.ts";

const LOCKS = `1: FLOCK  ADVISORY  WRITE 4711 fe:01:1234 0 EOF
2: POSIX  ADVISORY  WRITE 4712 fe:01:99 0 EOF
3: FLOCK  ADVISORY  WRITE 4713 00:2a:77 0 EOF
3: -> FLOCK  ADVISORY  WRITE 4714 fe:01:1234 0 EOF
`;

test.each([
  ["the device and inode", 0xfe01, 1234, 4711],
  ["another device number, as btrfs reports it", 0x31, 77, 4713],
  ["a lock of another kind", 0xfe01, 99, undefined],
  ["nobody", 0xfe01, 5, undefined],
])("holderPid() by %s", (_, dev, ino, pid) => {
  expect(holderPid(LOCKS, dev, ino)).toBe(pid as number);
});

test("describeHolder() says what is known", () => {
  const since = new Date(2026, 0, 1, 3, 12, 5).getTime();
  expect(describeHolder({ pid: 7, command: "homelab ensure all", since })).toBe(
    "`homelab ensure all` (pid 7, since 03:12:05)",
  );
  expect(describeHolder({ pid: 7 })).toBe("another run (pid 7)");
  expect(describeHolder(undefined)).toBe("another run");
});

const options = (wait: number, outer?: string) => ({
  wait,
  outer,
  signal: new AbortController().signal,
  onWait: () => {},
});

test("a lock excludes another process, names its holder, and is gone with it when it is killed", async () => {
  using dir = temporary();
  const script = `
    import { takeLock } from ${JSON.stringify(join(import.meta.dir, "../../../src/run/lock.ts"))};
    await takeLock(${JSON.stringify(dir.path)}, { wait: 0, signal: new AbortController().signal, onWait() {} });
    console.log("held");
    setInterval(() => {}, 1000);`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  const reader = child.stdout.getReader();
  await reader.read();
  expect(lockHolder(dir.path)?.pid).toBe(child.pid);
  const refusal = await takeLock(dir.path, options(0)).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(HomelabError);
  expect((refusal as HomelabError).message).toContain(`(pid ${child.pid}, since `);
  const waiting = takeLock(dir.path, options(10_000));
  child.kill("SIGKILL");
  (await waiting).release();
  expect(lockHolder(dir.path)).toBeUndefined();
});

test("what is started from inside of a run goes on under its lock", async () => {
  using dir = temporary();
  const lock = await takeLock(dir.path, options(0));
  await expect(takeLock(dir.path, options(0, "1"))).rejects.toThrow("is working on");
  for (const outer of [insideOf(undefined, process.pid), insideOf(insideOf("7", process.pid), 8)]) {
    (await takeLock(dir.path, options(0, outer))).release();
  }
  expect(lockHolder(dir.path)?.pid).toBe(process.pid);
  lock.release();
});
