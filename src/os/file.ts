import { readFileSync, statSync } from "node:fs";

/** The code of the error for what is there and is no file. */
export const NO_FILE = "ENOTREG";

/** Device number of /dev/null: empty, and a usual way to say "no file". */
const NULL_DEVICE = 0x103;

/**
 * The bytes of a file. A pipe would be waited at for ever and a device may have no end: they are refused, with an
 * error like those of the system.
 */
export function readRegularFile(path: string): Buffer<ArrayBuffer> {
  const stat = statSync(path);
  if (!stat.isFile() && !stat.isDirectory() && stat.rdev !== NULL_DEVICE) {
    throw Object.assign(new Error(`${path} is a pipe, socket or device`), { code: NO_FILE });
  }
  return readFileSync(path);
}
