import { expect, test } from "bun:test";
import { formatBytes } from "../../../src/os/bytes.ts";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [9_949, "9.9 kB"],
  [9_950, "10 kB"],
  [999_600, "1.0 MB"],
  [1_250_000_000, "1.3 GB"],
  [12_500_000_000_000_000, "12500 TB"],
])("formatBytes(%d)", (bytes, want) => expect(formatBytes(bytes)).toBe(want));
