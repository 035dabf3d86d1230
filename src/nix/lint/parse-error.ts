import { coreOf, plain, spotIn } from "../words.ts";

/** What Nix says is wrong with a file. The column counts bytes. */
export interface ParseError {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  readonly text: string;
}

const PLACE = String.raw`(?<file>\/.+):(?<line>\d+):(?<column>\d+)`;
/** As Nix before 2.4 has it: all of it in one line. */
const ONE_LINE = [
  new RegExp(`^(?<text>attribute '[^']*') at ${PLACE} (?<more>already defined at .+)$`),
  new RegExp(`^(?<text>.+?),? at ${PLACE}$`),
];

/** The first error in what `nix-instantiate --parse` wrote; undefined for one that is not about one of the files. */
export function parseError(stderr: string, files: readonly string[]): ParseError | undefined {
  const text = plain(stderr);
  const start = /^error:/m.exec(text)?.index;
  if (start === undefined) return undefined;
  const error = text.slice(start);
  const said = coreOf(error);
  const first = said.split("\n")[0] ?? "";
  const spot = spotIn(error);
  if (spot && files.includes(spot.file)) {
    const { file, line, column } = spot;
    return { file, line, column, text: first };
  }
  for (const pattern of ONE_LINE) {
    const { file = "", line, column, text: what, more } = pattern.exec(first)?.groups ?? {};
    if (!files.includes(file)) continue;
    return { file, line: Number(line), column: Number(column), text: [what, more].filter(Boolean).join(" ") };
  }
  // A file that cannot be read has no place.
  const named = files.find((file) => first.includes(`'${file}'`));
  return named === undefined ? undefined : { file: named, text: first };
}
