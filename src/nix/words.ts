const MEBI = 1024 * 1024;

const mebibytes = (bytes: number): string => `${(bytes / MEBI).toFixed(1)} MiB`;

/** `12.4 MiB`, `1.2 GiB`: in the unit in which there is something before the point. */
export function binarySize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < MEBI) return `${(bytes / 1024).toFixed(1)} KiB`;
  return bytes < 1024 * MEBI ? mebibytes(bytes) : `${(bytes / 1024 / MEBI).toFixed(1)} GiB`;
}

/** `12.4 of 80.1 MiB`. */
export const transferred = (done: number, expected: number): string =>
  `${(Math.min(done, expected) / MEBI).toFixed(1)} of ${mebibytes(expected)}`;

const STORE_PATH = /^\/nix\/store\/[0-9a-z]{32}-/;

/** `linux-6.12.1` of a path in the store, or of a derivation that lies there. */
export const storeName = (path: string): string =>
  path.replace(STORE_PATH, "").replace(/\.drv(?:\^.*)?$/, "");

/** The password of an address; what has none is passed over in one go, however long it is. */
const PASSWORD = /(?<=:\/\/)[^@/\s]+@/g;

/** Text of Nix for people: without colours and without the password of an address. */
export const plain = (text: string): string =>
  Bun.stripANSI(text)
    .replace(PASSWORD, "")
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .trim();

/** A derivation that was to be built and was not, as an error names it. */
export interface Broken {
  readonly derivation: string;
  /** In Nix's own words: `failed with exit code 3`. */
  readonly why: string;
  /** It was never begun: something that it needs was not built. */
  readonly dependent: boolean;
  /** The last lines of its log, where the error itself has them. */
  readonly log: readonly string[];
}

const BROKEN = [
  /builder for '(?<drv>[^']+)' (?<why>failed [^;\n]*)/,
  /(?<why>\d+ dependenc(?:y|ies)) of derivation '(?<drv>[^']+)' failed to build/,
  /(?<why>hash mismatch) in fixed-output derivation '(?<drv>[^']+)'/,
  /building of '(?<drv>[^'^]+)\^?[^']*'[^\n]* (?<why>timed out after \d+ seconds(?: of silence)?)/,
  // As newer ones write it.
  /Cannot build '(?<drv>[^']+)'\.\s+Reason: (?:builder )?(?<why>[^\n]*?)\.?(?:\n|$)/,
];

/** The derivation that an error (without colours) says could not be built. */
export function brokenIn(error: string): Broken | undefined {
  for (const pattern of BROKEN) {
    const { drv, why } = pattern.exec(error)?.groups ?? {};
    if (drv === undefined || why === undefined) continue;
    return { derivation: drv, why, dependent: /\bdependenc(?:y|ies)\b/.test(why), log: quotedLog(error) };
  }
  return undefined;
}

function quotedLog(error: string): string[] {
  const [, quoted] = error.split(/last \d+ log lines:\n/i);
  const lines = (quoted ?? "").split("\n").map((line) => line.trimStart());
  const end = lines.findIndex((line) => !line.startsWith(">"));
  return lines.slice(0, end < 0 ? lines.length : end).map((line) => line.slice(1).replace(/^ /, ""));
}

/** Where in a Nix file an error is. */
export interface Spot {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The line's text, where Nix shows it. */
  readonly excerpt: string | undefined;
}

/** The innermost place that an error (without colours) names. */
export function spotIn(error: string): Spot | undefined {
  const lines = error.split("\n");
  const last = lines.findLastIndex((line) => /^\s*at (?!«).+:\d+:\d+:?$/.test(line));
  const [, file = "", line = "", column = ""] = /^\s*at (.+):(\d+):(\d+):?$/.exec(lines[last] ?? "") ?? [];
  if (file === "") return undefined;
  // `            4|     vcpu = 2;`, among the lines around it.
  const shown = lines.slice(last + 1).find((each) => new RegExp(`^\\s*${line}\\|`).test(each));
  const excerpt = shown?.replace(/^\s*\d+\| ?/, "");
  return { file, line: Number(line), column: Number(column), excerpt };
}

const SOURCE = /^\/nix\/store\/[0-9a-z]{32}-source\//;

/** The path in a flake of a file of which Nix read a copy; undefined for one that is no copy. */
export const inSource = (file: string): string | undefined =>
  SOURCE.test(file) ? file.replace(SOURCE, "") : undefined;

/** A text with the files of a flake named as they are in it, and not where Nix copied them to. */
export const withoutSource = (text: string): string =>
  text.replace(/\/nix\/store\/[0-9a-z]{32}-source\//g, "");

/** What an error comes down to: its last `error:`, without the places that lead there. */
export function coreOf(error: string): string {
  const [own = ""] = error.split(/^\s*error:/m).slice(-1);
  return own
    .split("\n")
    .filter((line) => !/^\s*(?:\d*\||at .+:\d+:\d+:?$)/.test(line))
    .map((line) => line.trim())
    .join("\n")
    .trim();
}
