import type { StepReport } from "../plan/types.ts";
import type { RunRecord } from "../store/runs.ts";
import { formatDate, formatDuration } from "./duration.ts";
import { hostRows } from "./host.ts";
import { shortRevision, startedBy } from "./run.ts";
import { printable, printableLog } from "./style.ts";
import { because, chapters, ending, leftAlone, warnings, wentWrong } from "./wording.ts";

/** Text as Markdown shows it: what would be markup is escaped, except between backticks, which hints have. */
export function inline(text: string, inTable = false): string {
  const parts = printable(text).split(/(`[^`]+`)/);
  const escaped = parts.map((part, index) =>
    index % 2 === 1 ? part : part.replace(/[\\`*_<>[\]#~&]/g, (mark) => `\\${mark}`),
  );
  return inTable ? escaped.join("").replaceAll("|", "\\|") : escaped.join("");
}

/** Lines as they are. The fence is longer than any row of backticks in them. */
export function fenced(lines: readonly string[]): string {
  const rows = lines.flatMap((line) => line.match(/`{3,}/g) ?? []);
  const fence = "`".repeat(Math.max(3, ...rows.map((row) => row.length + 1)));
  return [`${fence}text`, ...lines.map(printableLog), fence].join("\n");
}

const row = (...cells: string[]): string => `| ${cells.join(" | ")} |`;
const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** One run as a Markdown document, for a ticket or a log book: absolute times, nothing that a terminal does. */
export function runMarkdown(record: RunRecord): string {
  const { id, at, command, report } = record;
  const by = startedBy(record);
  const revision = shortRevision(record);
  const facts = [
    row("run", `\`${id}\``),
    "|---|---|",
    row("at", formatDate(new Date(at))),
    row("took", formatDuration(report.durationMs)),
    ...(by === undefined ? [] : [row("by", inline(by, true))]),
    ...(revision === undefined ? [] : [row("revision", `\`${revision}\``)]),
  ].join("\n");
  const blocks = [`# ${inline(command)}: ${report.outcome}`, facts];
  for (const [title, steps] of chapters(report)) {
    blocks.push(`## ${capital(title)}`);
    if (steps.some(wentWrong)) blocks.push(...steps.flatMap(failure));
    else blocks.push(list(steps));
  }
  const known = warnings(report);
  if (known.length > 0) blocks.push("## Warnings", bullets(known));
  for (const step of report.steps) blocks.push(...measured(step));
  const rest = leftAlone(report);
  if (rest.length > 0) blocks.push("## Left as they were", rest.join(", "));
  return `${blocks.join("\n\n")}\n`;
}

const bullets = (texts: readonly string[]): string => texts.map((text) => `- ${inline(text)}`).join("\n");

/** What was measured of a host, and what that makes worth doing. */
function measured({ id, host }: StepReport): string[] {
  if (!host) return [];
  const rows = hostRows(host).map(([label, text]) => row(label, inline(text, true)));
  const advice = host.recommendations.length > 0 ? ["Recommended:", bullets(host.recommendations)] : [];
  return [`## Host ${id}`, [row("what", "measured"), "|---|---|", ...rows].join("\n"), ...advice];
}

function failure(step: StepReport): string[] {
  const log = step.log ?? [];
  const hint = step.hint === undefined ? [] : [`Hint: ${inline(step.hint)}`];
  return [
    `### ${step.id}`,
    `${capital(inline(ending(step)))} (${inline(because(step))})`,
    ...(log.length > 0 ? [fenced(log)] : []),
    ...hint,
  ];
}

function list(steps: readonly StepReport[]): string {
  const rows = steps.map((step) => row(step.id, inline(ending(step), true), inline(because(step), true)));
  return [row("recipe", "what", "why"), "|---|---|---|", ...rows].join("\n");
}
