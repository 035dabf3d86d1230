import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Found } from "../../nix/lint/files.ts";
import { type Linted, lintSources } from "../../nix/lint/sources.ts";
import { Lines } from "../../nix/lint/tokens.ts";
import { LocalMachine } from "../../process/machine.ts";
import { countText, findingDocument, type LineOf, renderFinding } from "../../report/findings.ts";
import { type Context, print } from "../context.ts";
import { openPlace } from "./place.ts";
import type { Work } from "./work.ts";

export interface LintWords {
  /** None: all files. */
  readonly files: Found | undefined;
  readonly changed: boolean;
}

/** Looks at the Nix files of the homelab at hand; at files that are named also where there is no homelab. */
export async function lint(context: Context, { files, changed }: LintWords, work: Work): Promise<Linted> {
  const place = files ? undefined : openPlace(context);
  const flake = place ? (place.flake ?? place.root) : dirname(files?.paths[0] ?? "/");
  const here = place?.here ?? new LocalMachine(context.env);
  work.progress("looking at the Nix files");
  const linted = await lintSources({
    here,
    flake,
    scope: place?.root,
    env: context.env,
    only: changed ? "changed" : "all",
    files: files?.paths,
    rules: true,
    signal: work.signal,
    deadline: work.deadline,
  });
  const skipped = [...(files?.skipped ?? []), ...(linted.skipped === undefined ? [] : [linted.skipped])];
  return { ...linted, skipped: skipped.join("; ") || undefined };
}

export const hasErrors = ({ findings }: Linted): boolean => findings.some(({ level }) => level === "error");

/** `checked 14 Nix files: 1 error`. */
export const lintSummary = ({ files, findings }: Linted): string =>
  files === 0
    ? "there are no Nix files to check"
    : `checked ${files} Nix ${files === 1 ? "file" : "files"}: ${countText(findings)}`;

/** Findings as a person reads them; `quiet`: errors alone. */
export function printFindings({ out, options }: Context, linted: Linted): void {
  const lineOf = lineReader(linted);
  for (const finding of linted.findings)
    if (finding.level === "error" || !options.quiet) print(`${renderFinding(finding, lineOf, out)}\n`);
}

function lineReader({ top, secretLines }: Linted): LineOf {
  const read = new Map<string, Lines>();
  return (file, line) => {
    if (secretLines.get(file)?.has(line)) return undefined;
    const path = file.startsWith("/") ? file : join(top, file);
    const lines = read.get(file) ?? new Lines(readFileSync(path, "utf8"));
    read.set(file, lines);
    return lines.line(line);
  };
}

export const lintDocument = (linted: Linted) => ({
  valid: !hasErrors(linted),
  files: linted.files,
  skipped: linted.skipped ?? null,
  findings: linted.findings.map(findingDocument),
});
