import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HomelabError, type Position } from "../errors.ts";
import { BUILTIN_FILES } from "./builtin.ts";
import type { Fault, Place } from "./fault.ts";
import type { Marked } from "./locate.ts";
import type { Origin } from "./types.ts";

/**
 * Where in a recipe file a recipe stands, or what `path` below it leads to: `["needs", 0, "name"]` is the first
 * need's name in either way of writing it. `key` asks for the key instead of its value. Undefined when there is no
 * origin, or when the file cannot be read any more.
 */
export async function position(
  root: string,
  origin: Origin | undefined,
  path: Place["path"] = [],
  options: { key?: boolean } = {},
): Promise<Position | undefined> {
  if (!origin) return undefined;
  const text = BUILTIN_FILES.get(origin.file) ?? readText(join(root, origin.file));
  if (text === undefined) return undefined;
  const { locate, mark } = await import("./locate.ts");
  // Whoever asks for one place of a file often asks for many, and marking it is what takes the time.
  if (last?.file !== origin.file || last.text !== text) last = mark(origin.file, text);
  return locate(last, { file: origin.file, path: [...origin.path, ...path], key: options.key });
}

let last: Marked | undefined;

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").replace(/^\ufeff/, "");
  } catch {
    // The caller has an error to show; that its file is gone in the meantime must not hide it.
    return undefined;
  }
}

/** More problems than anybody reads come from one mistake, or from a file of another kind. */
const MOST = 200;

/** The errors of a reading, with their positions. `texts` holds the recipe files that were read. */
export async function toErrors(
  faults: readonly Fault[],
  texts: ReadonlyMap<string, string>,
): Promise<HomelabError[]> {
  const { locate, mark } = await import("./locate.ts");
  const files = new Map<string, Marked>();
  const find = (at: Place | undefined): Position | undefined => {
    if (!at) return undefined;
    const text = BUILTIN_FILES.get(at.file) ?? texts.get(at.file);
    if (text === undefined) return undefined;
    const marked = files.get(at.file) ?? mark(at.file, text);
    files.set(at.file, marked);
    return locate(marked, at);
  };
  const errors = faults.slice(0, MOST).map(
    ({ code, message, hint, at, position, notes = [] }) =>
      new HomelabError(code, message, {
        hint,
        position: position ?? find(at),
        notes: notes.map((note) => ({ text: note.text, position: note.position ?? find(note.at) })),
      }),
  );
  const rest = faults.length - errors.length;
  if (rest > 0) {
    const message = `there ${rest === 1 ? "is 1 more problem" : `are ${rest} more problems`} like these`;
    errors.push(
      new HomelabError(errors[0]?.code ?? "recipe-invalid", message, { hint: "put these right first" }),
    );
  }
  return errors;
}
