import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { Machine } from "../../process/machine.ts";
import type { Finding } from "../finding.ts";
import { localFlake } from "../reference.ts";
import { askLinters } from "./ask-linters.ts";
import { checkSource } from "./check.ts";
import { allFiles, changedFiles, nameIn, treeOf } from "./files.ts";
import { parseFiles } from "./parse.ts";
import { remarkFindings, type SourceFile } from "./remarks.ts";
import { Lines } from "./tokens.ts";

export interface LintRequest {
  /** This machine: the files are read here, and Nix and the linters run here. */
  readonly here: Machine;
  /** A flake's directory, or a reference to one. */
  readonly flake: string;
  /** The directory that files are looked for in. Default: the repository that the flake is in. */
  readonly scope?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `changed`: those that are not as the commit `since` has them. */
  readonly only: "changed" | "all";
  /** Default: the commit that is checked out. */
  readonly since?: string | undefined;
  /** Absolute paths of files to be looked at instead. */
  readonly files?: readonly string[] | undefined;
  /** Whether more than the syntax is looked at. */
  readonly rules: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds. */
  readonly deadline: number;
}

export interface Linted {
  readonly findings: readonly Finding[];
  /** How many files were looked at. */
  readonly files: number;
  /** What was not looked at, and why, as a clause. */
  readonly skipped?: string | undefined;
  /** The directory that the files of the findings are relative to. */
  readonly top: string;
  /** Lines that must not be shown, by file. */
  readonly secretLines: ReadonlyMap<string, ReadonlySet<number>>;
}

/**
 * Looks at the Nix files of a flake before anything is built: whether they are Nix at all, what the rules say, and
 * what statix and deadnix say where they are installed. Throws what makes git refuse, `not-configured` where there is
 * no such directory, `timeout` and `interrupted`.
 */
export async function lintSources(request: LintRequest): Promise<Linted> {
  const { here, flake, env, only, since, signal, deadline, rules, scope, files } = request;
  const local = localFlake(flake);
  if (!local) {
    const skipped = `the sources of ${flake} were not looked at: they are not on this machine`;
    return { findings: [], files: 0, skipped, top: flake, secretLines: new Map() };
  }
  const options = { env, signal };
  const tree = await treeOf(join(local.path, local.dir), options, scope);
  const found =
    files === undefined
      ? await (only === "all" ? allFiles(tree, options) : changedFiles(tree, options, since))
      : { paths: files, skipped: [] };
  const names = found.paths;
  const read = names.map((name) => readSource(tree.top, name));
  const sources = read.flatMap((each) => ("path" in each ? [each] : []));
  const findings = read.flatMap((each) => ("path" in each ? [] : [each]));
  const paths = sources.map(({ path }) => path);
  const dir = join(tree.top, tree.scope);
  const [parsed, remarks] = await Promise.all([
    parseFiles(here, paths, { deadline, signal }),
    rules && paths.length > 0
      ? askLinters(request, { dir, files: paths, named: files !== undefined })
      : { remarks: [], skipped: [] },
  ]);
  const byPath = new Map(sources.map((source) => [source.path, source]));
  for (const { file, line, column, text } of parsed.errors) {
    const source = byPath.get(file) as SourceFile;
    const at = { file: source.name, ...placeOf(source.text, line, column) };
    findings.push({ level: "error", rule: "syntax", text: text.replaceAll(`${tree.top}/`, ""), at });
  }
  const secretLines = new Map<string, ReadonlySet<number>>();
  for (const { name, text } of sources) {
    const checked = checkSource(name, text);
    if (rules) findings.push(...checked.findings);
    if (checked.secretLines.size > 0) secretLines.set(name, checked.secretLines);
  }
  findings.push(...remarkFindings(remarks.remarks, byPath));
  const unparsed = parsed.skipped && `the syntax was not checked: ${parsed.skipped}`;
  const skipped = [...found.skipped, unparsed, ...remarks.skipped].filter(Boolean).join("; ") || undefined;
  return { findings: sorted(findings), files: names.length, skipped, top: tree.top, secretLines };
}

function readSource(top: string, given: string): SourceFile | Finding {
  const name = nameIn(top, given);
  const path = isAbsolute(name) ? name : join(top, name);
  try {
    return { name, path, text: readFileSync(path, "utf8") };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const text = code === "ENOENT" ? "there is no such file" : `the file cannot be read (${code})`;
    return { level: "error", rule: "unreadable", text, at: { file: name } };
  }
}

/** Nix counts bytes. */
function placeOf(text: string, line: number | undefined, column: number | undefined) {
  if (line === undefined || column === undefined) return {};
  return { line, column: new Lines(text).column(line, column) };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const LEVELS = { error: 0, warning: 1 };

/** By file and place; where there are several in one place, errors first. */
const sorted = (findings: readonly Finding[]): Finding[] =>
  [...findings].sort(
    (a, b) =>
      compare(a.at?.file ?? "", b.at?.file ?? "") ||
      (a.at?.line ?? 0) - (b.at?.line ?? 0) ||
      (a.at?.column ?? 0) - (b.at?.column ?? 0) ||
      LEVELS[a.level] - LEVELS[b.level],
  );
