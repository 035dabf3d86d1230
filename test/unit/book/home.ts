import { onTestFinished } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadBook } from "../../../src/book/load.ts";
import { type HomelabError, type Position, Problems } from "../../../src/errors.ts";

/** A homelab in a temporary directory with these files; gone after the test. */
export function makeHome(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), "homelab-book-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    writeFileSync(join(root, file), content);
  }
  return root;
}

/** The problems of a homelab as text: place, excerpt with the marked part, message, hint and notes. */
export async function problemsOf(root: string): Promise<string> {
  try {
    await loadBook(root);
  } catch (error) {
    if (!(error instanceof Problems)) throw error;
    return error.errors.map(show).join("\n");
  }
  return "none";
}

export function show(error: HomelabError): string {
  const notes = error.notes.map((note) => `  note: ${note.text}${place(note.position)}`);
  const hint = error.hint ? [`  hint: ${error.hint}`] : [];
  return [`${error.code}: ${error.message}${place(error.position)}`, ...hint, ...notes].join("\n");
}

function place(position: Position | undefined): string {
  if (!position) return "";
  const { file, line, column, excerpt, length } = position;
  return `\n  at ${file}:${line}:${column}: ${excerpt}\n  ${" ".repeat(`at ${file}:${line}:${column}: `.length + column - 1)}${"^".repeat(length)}`;
}
