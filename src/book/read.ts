import { readdirSync } from "node:fs";
import { join } from "node:path";
import { NO_FILE, readRegularFile } from "../os/file.ts";
import { mayHaveDuplicateKeys } from "./duplicates.ts";
import { type Fault, invalid } from "./fault.ts";

/** A recipe file's text, under the name by which it is shown. */
export interface Source {
  readonly file: string;
  readonly text: string;
}

export interface Sources {
  readonly sources: readonly Source[];
  readonly faults: readonly Fault[];
}

const YAML_FILE = /\.ya?ml$/;

const TOP = ["homelab.yml", "homelab.yaml"];

/** The recipe file of a root that something is to be written into: the one that is there, else `homelab.yml`. */
export function ownFile(root: string): string {
  return list(root, "", []).find((name) => TOP.includes(name)) ?? "homelab.yml";
}

/** The recipe files of a root, relative to it, in the order in which they are merged. */
export function recipeFiles(root: string, faults: Fault[] = []): { top: string[]; more: string[] } {
  const top = list(root, "", faults).filter((name) => TOP.includes(name));
  const more = list(root, "recipes", faults).filter((name) => YAML_FILE.test(name) && !name.startsWith("."));
  return { top, more: more.sort().map((name) => `recipes/${name}`) };
}

/** The recipe files of a root with their texts, in the order in which they are merged. Files that cannot be read are faults. */
export function readSources(root: string): Sources {
  const faults: Fault[] = [];
  const { top, more } = recipeFiles(root, faults);
  if (top.length > 1) {
    faults.push(
      invalid("there are both `homelab.yml` and `homelab.yaml`", {
        hint: "move everything into one of them",
      }),
    );
  }
  const sources = [...top, ...more]
    .map((file) => readSource(root, file, faults))
    .filter((source) => source !== undefined);
  return { sources, faults };
}

function list(root: string, folder: string, faults: Fault[]): string[] {
  try {
    return readdirSync(join(root, folder));
  } catch (error) {
    const code = errorCode(error);
    // A home without recipes of its own is a home with the shipped ones.
    if (code !== "ENOENT" && code !== "ENOTDIR") faults.push(unreadable(folder || ".", error));
    return [];
  }
}

/** The text of one recipe file; a file that is no UTF-8 or cannot be read adds a fault. */
function readSource(root: string, file: string, faults: Fault[]): Source | undefined {
  let bytes: Uint8Array;
  try {
    bytes = readRegularFile(join(root, file));
  } catch (error) {
    faults.push(unreadable(file, error));
    return undefined;
  }
  try {
    return { file, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    faults.push(invalid(`\`${file}\` is not UTF-8 text`, { hint: "save it again in the encoding UTF-8" }));
    return undefined;
  }
}

/** The fault of a file or directory that could not be read, from the error of the system. */
export function unreadable(path: string, error: unknown): Fault {
  const code = errorCode(error);
  if (code === "EACCES" || code === "EPERM") {
    const hint = `give yourself the right to read it, or run as its owner: \`ls -ld ${path}\` shows both`;
    return { code: "permission", message: `\`${path}\` cannot be read: permission denied`, hint };
  }
  const reason = REASONS[code ?? ""] ?? (error instanceof Error ? error.message : String(error));
  return invalid(`\`${path}\` cannot be read: ${reason}`);
}

const REASONS: Readonly<Record<string, string>> = {
  EISDIR: "it is a directory",
  ENOENT: "the link leads nowhere",
  ELOOP: "its links lead in a circle",
  ENOTDIR: "it is not a directory",
  ENAMETOOLONG: "its name is too long",
  [NO_FILE]: "it is a pipe, socket or device, and no file",
};

export function errorCode(error: unknown): string | undefined {
  return (error as { code?: string } | undefined)?.code;
}

export interface Parsed {
  readonly data: unknown;
  readonly faults: readonly Fault[];
}

/**
 * The content of a recipe file. The fast parser takes what is well formed; only a text that it refuses, or that may
 * repeat a key, is read by the slow one, which knows lines and columns.
 */
export async function parseSource({ file, text }: Source): Promise<Parsed> {
  let data: unknown;
  let wellFormed = true;
  try {
    data = Bun.YAML.parse(text);
  } catch {
    wellFormed = false;
  }
  if (wellFormed && !mayHaveDuplicateKeys(text, data)) return { data, faults: [] };
  const [{ mark }, { contentOf, syntaxFaults }] = await Promise.all([
    import("./locate.ts"),
    import("./syntax.ts"),
  ]);
  const marked = mark(file, text);
  const faults = syntaxFaults(marked);
  if (faults.length > 0 || wellFormed) return { data, faults };
  const content = contentOf(marked);
  return "fault" in content ? { data, faults: [content.fault] } : { data: content.data, faults };
}
