import type { StepReport } from "../plan/types.ts";
import type { RunRecord } from "../store/runs.ts";
import { formatDuration, formatWhen } from "./duration.ts";
import { hostRows } from "./host.ts";
import { printable, type Style } from "./style.ts";
import { table } from "./table.ts";
import { aftermath, because, chapters, ending, leftAlone, warnings } from "./wording.ts";

/** Digits of a commit that tell it from others. */
const REVISION_DIGITS = 12;

/** Who started a run: `admin, unattended`. Undefined when it was not written down. */
export function startedBy({ origin }: RunRecord): string | undefined {
  return origin && `${printable(origin.user)}${origin.unattended ? ", unattended" : ""}`;
}

export const shortRevision = ({ origin }: RunRecord): string | undefined =>
  origin?.revision?.slice(0, REVISION_DIGITS);

/** One run as a person reads it: what it was, then its steps, those first that need attention. */
export function runText(record: RunRecord, s: Style, now: Date): string {
  const { id, at, command, report, repeats } = record;
  const bad = report.outcome === "failed" || report.outcome === "interrupted";
  const paint = bad ? s.red : report.outcome === "changed" ? s.green : String;
  const by = startedBy(record);
  const revision = shortRevision(record);
  const facts = [
    `run ${id}`,
    formatWhen(new Date(at), now),
    `took ${formatDuration(report.durationMs)}`,
    ...(by === undefined ? [] : [`by ${by}`]),
    ...(revision === undefined ? [] : [`at revision ${revision}`]),
    ...(repeats > 1 ? [`${repeats} times in a row`] : []),
  ];
  const lines = [`${s.bold(printable(command))}: ${paint(report.outcome)}`, s.dim(facts.join(" · "))];
  for (const [title, steps] of chapters(report)) {
    lines.push("", s.bold(title));
    for (const step of steps) {
      const why = because(step);
      lines.push(`${step.id}: ${ending(step)}${why === "" ? "" : s.dim(` (${why})`)}`);
      const after = aftermath(step, s).trimEnd();
      if (after !== "") lines.push(after);
    }
  }
  const known = warnings(report);
  if (known.length > 0) lines.push("", s.bold(s.yellow("warnings")), ...known);
  for (const step of report.steps) lines.push(...measured(step, s));
  const rest = leftAlone(report);
  if (rest.length > 0) lines.push("", `${s.bold("left as they were")}\n${rest.join(", ")}`);
  return `${lines.join("\n")}\n`;
}

/** What was measured of a host, and what that makes worth doing. */
function measured({ id, host }: StepReport, s: Style): string[] {
  if (!host) return [];
  const rows = hostRows(host).map(([label, text]) => [`  ${s.dim(label)}`, printable(text)]);
  const advice = host.recommendations.map((text) => `  ${s.green("hint:")} ${printable(text)}`);
  return ["", s.bold(`host ${id}`), table(rows, { style: s }).trimEnd(), ...advice];
}
