import { expect, test } from "bun:test";
import {
  isMounted,
  mountPoints,
  parseFstab,
  parseMountInfo,
  resolved,
  unmountedPoint,
} from "../../../src/os/mounts.ts";

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

test("parseFstab() reads mount points, and leaves out the root directory, swap, comments", () => {
  const text = `# <file system> <mount point> <type>
UUID=1 / ext4 defaults 0 1
  UUID=2	/mnt/vault/	ext4 nofail 0 2

UUID=3 /mnt/my\\040disk ext4 noauto 0 2
UUID=4 none swap sw 0 0
broken
`;
  expect(parseFstab(text)).toEqual(["/mnt/vault", "/mnt/my disk"]);
});

test.each<[what: string, path: string, mounted: string[], want: string | undefined]>([
  ["a path of no disk", "/var/lib", ["/"], undefined],
  ["a path with the name of a disk at its beginning", "/mnt/vault2/x", ["/"], undefined],
  ["a disk that is mounted", "/mnt/vault/x", ["/", "/mnt/vault"], undefined],
  ["a disk that is not mounted", "/mnt/vault/x", ["/"], "/mnt/vault"],
  ["the mount point itself", "/mnt/vault", ["/", "/mnt"], "/mnt/vault"],
  ["a disk inside of one that is mounted", "/mnt/vault/media/tv", ["/", "/mnt/vault"], "/mnt/vault/media"],
  ["something else mounted between", "/mnt/vault/other/x", ["/", "/mnt/vault/other"], undefined],
])("unmountedPoint() of %s", (_, path, mounted, want) => {
  const points = ["/mnt/vault", "/mnt/vault/media"];
  expect(unmountedPoint(path, { points, mounted: new Set(mounted) })).toBe(want);
});

test("resolved() follows links as far as a path is there", () => {
  expect(resolved("/proc/self/no/such")).toBe(`/proc/${process.pid}/no/such`);
  expect(resolved("/no/such")).toBe("/no/such");
});
