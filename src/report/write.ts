import { fstatSync, writeSync } from "node:fs";

/** The reader of a pipe, or the terminal, is gone: nothing that is written can arrive any more. */
export class ClosedPipe extends Error {
  readonly fd: number;

  constructor(fd: number, cause: unknown) {
    super(`file descriptor ${fd} is closed at its other end`, { cause });
    this.name = "ClosedPipe";
    this.fd = fd;
  }
}

const RETRY_MS = 4;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** A hung-up terminal says EIO; for a regular file EIO is a broken disk, which must not pass for a closed pipe. */
function readerIsGone(fd: number, code: string | undefined): boolean {
  return code === "EPIPE" || (code === "EIO" && !fstatSync(fd).isFile());
}

/**
 * Writes the whole text to a descriptor, waiting for a slow reader when the pipe does not block.
 * Throws {@link ClosedPipe} when nobody reads any more, and the system's own error otherwise (a full disk).
 */
export function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  let offset = 0;
  while (offset < bytes.length) {
    try {
      offset += writeSync(fd, bytes, offset, bytes.length - offset);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EAGAIN") Atomics.wait(pause, 0, 0, RETRY_MS);
      else if (readerIsGone(fd, code)) throw new ClosedPipe(fd, error);
      else if (code !== "EINTR") throw error;
    }
  }
}

/**
 * A `write` for reports of a run: from the moment nobody reads any more it drops what it is given.
 * A run must not break off half-way through a change because its watcher left.
 */
export function writerWhileOpen(fd: number): (text: string) => void {
  let open = true;
  return (text) => {
    if (!open) return;
    try {
      writeAll(fd, text);
    } catch (error) {
      if (!(error instanceof ClosedPipe)) throw error;
      open = false;
    }
  };
}
