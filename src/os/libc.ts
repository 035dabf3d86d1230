import { dlopen, FFIType } from "bun:ffi";

const NAMES =
  process.platform === "darwin"
    ? ["libSystem.B.dylib"]
    : ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`, "libc.so"];

const LOCK_EX = 2;
const LOCK_NB = 4;

/** The few calls that the runtime does not offer, straight from the C library (about 0.3 ms to load). */
function load() {
  for (const name of NAMES) {
    try {
      return dlopen(name, {
        flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
        isatty: { args: [FFIType.i32], returns: FFIType.i32 },
      }).symbols;
    } catch {
      // The next name: glibc, musl and macOS call it differently.
    }
  }
  throw new Error(`no C library found under ${NAMES.join(", ")}`);
}

let symbols: ReturnType<typeof load> | undefined;
const libc = () => {
  symbols ??= load();
  return symbols;
};

/** Whether a file descriptor is a terminal. */
export const isTerminal = (fd: number): boolean => libc().isatty(fd) === 1;

/** Tries to take the exclusive advisory lock of an open file; false when somebody else holds it. */
export const tryLock = (fd: number): boolean => libc().flock(fd, LOCK_EX | LOCK_NB) === 0;
