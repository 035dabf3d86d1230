import { BUILTIN_FILES } from "../../../src/book/builtin.ts";
import { EXIT_CODES, type HomelabError, type Position, Problems } from "../../../src/errors.ts";
import { errorDocument, renderError } from "../../../src/report/errors.ts";
import { style } from "../../../src/report/style.ts";

/** A message is one that a person reads. */
const LONGEST_LINE = 1000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
export const DRIVES_TERMINAL = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** An error in all its forms, as one text, and what is wrong about it. `textOf` gives the text of a file. */
export function checkError(
  error: HomelabError,
  textOf: (file: string) => string | undefined,
): { text: string; wrong: string[] } {
  const all = error instanceof Problems ? error.errors : [error];
  const wrong = all.flatMap((each) => [
    ...(each.code in EXIT_CODES ? [] : [`the code ${each.code} is not in the table`]),
    ...(each.code === "internal" ? [`an internal error: ${each.message}`] : []),
    ...(each.message.trim() === "" ? ["an error without a message"] : []),
    ...[each.position, ...each.notes.map((note) => note.position)].flatMap((position) =>
      position ? checkPosition(position, textOf) : [],
    ),
  ]);
  const plain = renderError(error, style(false));
  if (DRIVES_TERMINAL.test(plain)) wrong.push(`control characters in ${JSON.stringify(plain)}`);
  const long = plain.split("\n").find((line) => line.length > LONGEST_LINE);
  if (long !== undefined) wrong.push(`a line of ${long.length} characters: ${long.slice(0, 200)}`);
  return { text: `${plain}${renderError(error, style(true))}${JSON.stringify(errorDocument(error))}`, wrong };
}

function checkPosition(position: Position, textOf: (file: string) => string | undefined): string[] {
  const { file, line, column, excerpt, length } = position;
  const place = `${file}:${line}:${column}`;
  const text = (BUILTIN_FILES.get(file) ?? textOf(file))?.replace(/^\ufeff/, "");
  if (text === undefined) return [`${place} is in no file`];
  const lines = text.split("\n");
  const written = lines[line - 1]?.replace(/\r$/, "");
  if (written === undefined) return [`${place} is behind the last line, ${lines.length}`];
  if (excerpt !== "" && excerpt !== written) {
    return [`${place} shows ${JSON.stringify(excerpt)} and not ${JSON.stringify(written)}`];
  }
  if (column < 1 || column > written.length + 1) return [`${place} is outside of ${JSON.stringify(written)}`];
  if (length < 1 || column + length > written.length + 2)
    return [`${place} marks ${length} of ${written.length}`];
  return [];
}
