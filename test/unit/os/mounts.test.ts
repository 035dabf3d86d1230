import { expect, test } from "bun:test";
import { isMounted, mountPoints, parseMountInfo } from "../../../src/os/mounts.ts";

test("parseMountInfo() reads mount points, those with blanks in their names too", () => {
  const text = `22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw
30 22 0:25 / /mnt/vault rw,noatime - zfs vault rw
31 22 0:26 / /mnt/my\\040disk rw - ext4 /dev/sdb1 rw
`;
  expect([...parseMountInfo(text)]).toEqual(["/", "/mnt/vault", "/mnt/my disk"]);
});

test.each([
  ["a mount point", "/proc", true],
  ["a directory of a mounted file system", "/proc/self", true],
  ["a mount point with a slash behind it", "/proc/", true],
  ["a path that is not there", "/proc/no-such-thing", false],
  ["a directory of the root file system", "/etc", false],
])("isMounted() of %s", (_, path, mounted) => {
  expect(isMounted(path, new Set(["/", "/proc"]))).toBe(mounted);
});

test("mountPoints() has what is mounted on this machine", () => {
  expect(mountPoints()?.has("/proc")).toBe(true);
});
