import { existsSync } from "node:fs";
import { join } from "node:path";
import { HomelabError } from "../../errors.ts";
import { runProcess } from "../../process/runner.ts";
import { printableLog } from "../../report/style.ts";
import { type Context, print } from "../context.ts";
import { checkFlake } from "./flake-check.ts";
import { formatDocument, formatSources, formatSummary, noFormatter } from "./format.ts";
import { hasErrors, lint, lintDocument, lintSummary, printFindings } from "./lint.ts";
import { openPlace } from "./place.ts";
import type { Work } from "./work.ts";

/** How one of the checks ended. */
export interface Check {
  readonly name: string;
  readonly verdict: "ok" | "failed" | "skipped";
  /** In one line. */
  readonly detail: string;
  /** What it means for the exit code. */
  readonly exit: number;
  readonly error?: HomelabError | undefined;
  readonly document?: object | undefined;
}

export interface CheckWords {
  readonly changed: boolean;
  readonly impure: boolean;
}

const CONFIG = ".pre-commit-config.yaml";
const MOST_BYTES = 256 * 1024;

/** Does all checks, one after the other, and prints what each found; whatever fails, the others are done. */
export async function checkAll(context: Context, words: CheckWords, work: Work): Promise<Check[]> {
  const checks = [
    ["fmt", () => checkFormat(context, work)],
    ["lint", () => checkLint(context, words.changed, work)],
    ["flake-check", () => checkTheFlake(context, words.impure, work)],
    ["pre-commit", () => runHooks(context, work)],
  ] as const;
  const done: Check[] = [];
  // Where there is no homelab, that is told once.
  openPlace(context);
  for (const [name, check] of checks) {
    const ended = await check().catch((error) => failure(name, error, work));
    if (ended) done.push(ended);
  }
  return done;
}

function failure(name: string, error: unknown, { signal }: Work): Check {
  // Who breaks it off does not want the rest of it.
  if (!(error instanceof HomelabError) || signal.aborted) throw error;
  return { name, verdict: "failed", detail: error.message, exit: error.exit, error };
}

async function checkFormat(context: Context, work: Work): Promise<Check> {
  const formatted = await formatSources(context, { files: undefined, check: true }, work);
  if (!formatted) return skipped("fmt", noFormatter().message);
  for (const each of formatted.skipped) context.messages.warn(each);
  const detail = formatSummary(formatted, true);
  const document = formatDocument(formatted);
  if (formatted.changed.length === 0) return { name: "fmt", verdict: "ok", detail, exit: 0, document };
  return { name: "fmt", verdict: "failed", detail: `${detail}: \`homelab fmt\``, exit: 3, document };
}

async function checkLint(context: Context, changed: boolean, work: Work): Promise<Check> {
  const linted = await lint(context, { files: undefined, changed }, work);
  work.progress("");
  if (!context.options.json) printFindings(context, linted);
  if (linted.skipped !== undefined) context.messages.warn(linted.skipped);
  const verdict = hasErrors(linted) ? "failed" : "ok";
  const document = lintDocument(linted);
  return { name: "lint", verdict, detail: lintSummary(linted), exit: hasErrors(linted) ? 78 : 0, document };
}

async function checkTheFlake(context: Context, impure: boolean, work: Work): Promise<Check> {
  if (openPlace(context).flake === undefined) return skipped("flake-check", "there is no flake");
  const { warnings } = await checkFlake(context, impure, work);
  work.progress("");
  for (const warning of warnings) context.messages.warn(warning);
  return { name: "flake-check", verdict: "ok", detail: "a good flake", exit: 0, document: { warnings } };
}

/** The repository's own hooks, where it has some. They may change files. */
async function runHooks(context: Context, { signal, deadline, progress }: Work): Promise<Check | undefined> {
  const { root } = openPlace(context);
  if (!existsSync(join(root, CONFIG))) return undefined;
  const name = "pre-commit";
  if (context.options.dryRun) return skipped(name, `the hooks of ${CONFIG} may change files`);
  const program = Bun.which(name, { PATH: context.env.PATH ?? "" });
  if (program === null) return skipped(name, `there is a ${CONFIG}, but no \`pre-commit\` is installed`);
  progress("running the hooks of pre-commit");
  const argv = [program, "run", "--all-files", "--color=never"];
  const result = await runProcess(argv, { cwd: root, env: context.env, signal, deadline, keep: MOST_BYTES });
  if (result.cancelled) throw new HomelabError("interrupted", "broken off during the hooks of pre-commit");
  const said = `${result.stdout}${result.stderr}`.trimEnd();
  progress("");
  if (said !== "" && !context.options.json && (result.exitCode !== 0 || !context.options.quiet))
    print(
      said
        .split("\n")
        .map((line) => `${printableLog(line)}\n`)
        .join(""),
    );
  if (result.exitCode === 0) return { name, verdict: "ok", detail: "its hooks have passed", exit: 0 };
  const detail = result.timedOut ? "its hooks took too long" : "one of its hooks has failed";
  return { name, verdict: "failed", detail, exit: result.timedOut ? 124 : 1, document: { output: said } };
}

const skipped = (name: string, detail: string): Check => ({ name, verdict: "skipped", detail, exit: 0 });

/** What failed decides; that something would be formatted only when nothing else did. */
export function exitOf(checks: readonly Check[]): number {
  const exits = checks.map(({ exit }) => exit).filter((exit) => exit !== 0);
  return exits.find((exit) => exit !== 3) ?? exits[0] ?? 0;
}
