import { HomelabError } from "../../errors.ts";
import type { Machine, MachineOptions } from "../../process/machine.ts";

const DEADLINE_MS = 60_000;
const KEEP_BYTES = 8 * 1024 * 1024;
/** Stands in front of each file's path, and in no file of text. */
const MARK = "\x1e";
const PRINT = ["-type", "f", "-exec", "awk", 'FNR == 1 { print "\\036" FILENAME } { print }', "{}", "+"];

type Options = Pick<MachineOptions, "signal">;

/** Texts of files by their paths; those that are not there, or are no text of a usual size, are left out. */
export async function readFiles(
  machine: Machine,
  paths: readonly string[],
  options: Options,
): Promise<Map<string, string>> {
  if (paths.length === 0) return new Map();
  return find(machine, [...paths, "-maxdepth", "0", "-size", "-512k", ...PRINT], options);
}

/** Texts of the services of a system, drop-ins included, by their paths below `etc/systemd/system`. */
export async function readServices(
  machine: Machine,
  system: string,
  options: Options,
): Promise<Map<string, string>> {
  const top = `${system}/etc/systemd/system`;
  const own = ["(", "-name", "*.service", "!", "-path", `${top}/*/*`, ")"];
  const which = ["(", ...own, "-o", "-path", `${top}/*.service.d/*.conf`, ")"];
  const files = await find(machine, [top, "-maxdepth", "2", ...which, ...PRINT], options);
  return new Map([...files].map(([path, text]) => [path.slice(top.length + 1), text]));
}

async function find(
  machine: Machine,
  words: readonly string[],
  options: Options,
): Promise<Map<string, string>> {
  const all = { ...options, deadline: DEADLINE_MS, keep: KEEP_BYTES };
  const { exitCode, stdout, stderr, cancelled, timedOut } = await machine.run(["find", "-L", ...words], all);
  // What is not there it complains of (1), and goes on.
  if (exitCode === 0 || exitCode === 1) return parseFiles(stdout);
  if (cancelled) throw new HomelabError("interrupted", "it was broken off");
  const silent = timedOut ? `\`find\` takes longer than ${DEADLINE_MS / 1000} s` : "it does not answer";
  const said = stderr.trim().split("\n").at(-1) || silent;
  throw new HomelabError("unavailable", `${machine.name} does not say what is in its store: ${said}`, {
    hint: "see whether `find` runs there",
  });
}

/** What it prints of files: each behind a line with its path. */
export function parseFiles(text: string): Map<string, string> {
  const parts = text.split(MARK).slice(1);
  return new Map(
    parts.map((part) => {
      const end = part.indexOf("\n");
      return [part.slice(0, end), part.slice(end + 1)];
    }),
  );
}
