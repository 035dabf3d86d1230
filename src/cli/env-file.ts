import { lstatSync, readlinkSync } from "node:fs";
import { errorCode } from "../book/read.ts";
import { HomelabError } from "../errors.ts";
import { NO_FILE, readRegularFile } from "../os/file.ts";

/** A file as the person knows it: its path, and the one that is shown. */
export interface EnvFile {
  readonly path: string;
  readonly shown: string;
}

/** The content of an environment file; undefined when there is none. Throws, in words, when it cannot be read. */
export function readEnvFile(file: EnvFile): string | undefined {
  try {
    return readRegularFile(file.path).toString("utf8");
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw fileError(file, "read", error);
    const link = lstatSync(file.path, { throwIfNoEntry: false });
    if (!link) return undefined;
    const where = readlinkSync(file.path);
    throw new HomelabError(
      "not-configured",
      `${file.shown} cannot be read: it is a link to ${where}, which is not there`,
      { hint: "make what it leads to, or remove the link" },
    );
  }
}

/** What went wrong with an environment file, in words. */
export function fileError({ shown }: EnvFile, verb: "read" | "written", error: unknown): HomelabError {
  const code = errorCode(error);
  if (code === "EISDIR" || code === NO_FILE) {
    const what = code === NO_FILE ? "a pipe, socket or device" : "a directory";
    return new HomelabError("not-configured", `${shown} cannot be ${verb}: it is ${what}`, {
      hint: "move it away, then run this again",
    });
  }
  const denied = code === "EACCES" || code === "EPERM";
  const why = denied ? "permission denied" : (code ?? String(error));
  return new HomelabError(denied ? "permission" : "unavailable", `${shown} cannot be ${verb}: ${why}`, {
    hint: denied ? "run as its owner: `ls -l` shows who that is" : "see `df` and `mount`",
    cause: error,
  });
}
