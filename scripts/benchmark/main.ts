/** Measures every row, prints the table, writes the JSON, leaves nothing behind. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { removeProjects } from "./homelabs.ts";
import { type Bench, closure, growth, planning, type Row, startUp } from "./rows.ts";

const args = process.argv.slice(2);
const files = args.filter((arg) => arg !== "--quick");
const root = resolve(import.meta.dir, "../..");
const out = resolve(files[0] ?? join(root, "dist/bench.json"));
const just = process.env.JUST;
if (just === undefined || files.length > 1 || files[0]?.startsWith("-")) {
  console.error("Usage: scripts/bench [--quick] [FILE]");
  process.exit(2);
}

const bench: Bench = {
  root,
  just,
  work: mkdtempSync(join(tmpdir(), "homelab-bench-")),
  prefix: `hlbench${process.pid}`,
  quick: args.includes("--quick"),
};

function cleanUp(): void {
  removeProjects(bench.prefix);
  rmSync(bench.work, { recursive: true, force: true });
}
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    cleanUp();
    process.exit(1);
  });
}

const number = (value: number, unit: string) => `${value.toFixed(value < 100 ? 1 : 0)} ${unit}`;
const times = (ratio: number) =>
  ratio < 1 ? `1/${Number((1 / ratio).toFixed(1))}` : `${ratio.toFixed(2)} ×`;

function line(row: Row): string[] {
  const theirs = row.theirs === null ? "" : `${number(row.theirs, row.unit)} (${row.against})`;
  const limit = row.ratio === null ? number(row.limit, row.unit) : times(row.limit);
  return [
    row.what,
    number(row.ours, row.unit),
    theirs,
    row.ratio === null ? "" : times(row.ratio),
    limit,
    row.met ? "yes" : "NO",
  ];
}

function table(rows: readonly Row[]): string {
  const lines = [["what", "ours", "theirs", "ratio", "at most", "met"], ...rows.map(line)];
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0))) ?? [];
  return lines
    .map((cells) =>
      cells
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const rows: Row[] = [];
for (const measure of [startUp, closure, growth, planning]) {
  console.error(`bench: ${measure.name}…`);
  try {
    rows.push(...[measure(bench)].flat());
  } catch (error) {
    console.error(`error: ${measure.name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
cleanUp();

console.log(table(rows));
mkdirSync(dirname(out), { recursive: true });
const machine = { cpus: cpus().length, model: cpus()[0]?.model ?? "unknown", bun: Bun.version };
writeFileSync(out, `${JSON.stringify({ version: 1, quick: bench.quick, machine, rows }, null, 2)}\n`);
