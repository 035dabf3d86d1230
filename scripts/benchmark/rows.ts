/** What is measured: one function a row. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { containers, removeProjects, writeClosure, writeMany } from "./homelabs.ts";
import { type Command, inTurns, median, peakMemory, run } from "./measure.ts";

export interface Row {
  readonly what: string;
  readonly against: string | null;
  readonly unit: "ms" | "MB";
  readonly ours: number;
  readonly theirs: number | null;
  /** `ours / theirs`, or null where the limit is on `ours` itself. */
  readonly ratio: number | null;
  readonly limit: number;
  readonly met: boolean;
  readonly runs: number;
}

export interface Bench {
  readonly root: string;
  /** Everything below is the bench's own and is removed afterwards. */
  readonly work: string;
  readonly prefix: string;
  readonly just: string;
  readonly quick: boolean;
}

function compared(what: string, against: string, limit: number, ours: number[], theirs: number[]): Row {
  const [a, b] = [median(ours), median(theirs)];
  const ratio = a / b;
  return {
    what,
    against,
    unit: "ms",
    ours: a,
    theirs: b,
    ratio,
    limit,
    met: ratio <= limit,
    runs: ours.length,
  };
}

function absolute(what: string, unit: Row["unit"], limit: number, values: number[]): Row {
  const ours = median(values);
  return {
    what,
    against: null,
    unit,
    ours,
    theirs: null,
    ratio: null,
    limit,
    met: ours <= limit,
    runs: values.length,
  };
}

function homelab(bench: Bench, name: string, ...args: string[]): Command {
  return {
    argv: [join(bench.root, "dist/homelab"), ...args],
    cwd: join(bench.work, name),
    env: { HOMELAB_STATE_DIR: join(bench.work, `${name}.state`) },
  };
}

/** Fails unless the run says that it changed nothing: a no-op that did something is no measurement. */
function expectUnchanged(command: Command): void {
  const report: unknown = JSON.parse(run({ ...command, argv: [...command.argv, "--json"] }).stdout);
  const outcome =
    report !== null && typeof report === "object" && "outcome" in report ? report.outcome : undefined;
  if (outcome !== "unchanged")
    throw new Error(`\`${command.argv.join(" ")}\` was to be a no-op and reports \`${outcome}\``);
}

export function startUp(bench: Bench): Row {
  const empty = join(bench.work, "empty");
  const source = `${empty}.ts`;
  writeFileSync(source, 'console.log("");\n');
  const flags = "--compile --minify --sourcemap --bytecode --format=esm --splitting".split(" ");
  const closed = ["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"];
  run({
    argv: [process.execPath, "build", source, ...flags, ...closed, "--outfile", empty],
    cwd: bench.work,
  });
  const version = { argv: [join(bench.root, "dist/homelab"), "--version"], cwd: bench.work };
  inTurns([version, { argv: [empty], cwd: bench.work }], 3);
  const [ours = [], theirs = []] = inTurns(
    [version, { argv: [empty], cwd: bench.work }],
    bench.quick ? 40 : 200,
  );
  return compared("homelab --version", "empty Bun program", 1.6, ours, theirs);
}

/** Cold and no-op `ensure` of the 10 services that overseerr needs, and the memory of the no-op. */
export function closure(bench: Bench): Row[] {
  const name = "closure";
  const prefix = `${bench.prefix}-c`;
  writeClosure(join(bench.work, name), prefix, false);
  const ours = homelab(bench, name, "ensure", "overseerr");
  const just = { argv: [bench.just, "ensure-overseerr"], cwd: join(bench.work, name) };

  // The last cold run is ours, so that what runs afterwards is what it saw ready.
  const cold = inTurns([just, ours], bench.quick ? 2 : 5, () => removeProjects(prefix));
  expectUnchanged(ours);
  const before = containers(prefix).sort().join();
  const idle = inTurns([just], bench.quick ? 3 : 7);
  const still = inTurns([ours], bench.quick ? 20 : 100);
  expectUnchanged(ours);
  if (containers(prefix).sort().join() !== before) throw new Error("A no-op replaced a container");
  const memory = Array.from({ length: bench.quick ? 3 : 9 }, () => peakMemory(ours) / 1024 / 1024);
  removeProjects(prefix);
  const watched = coldWatched(bench);
  return [
    compared(
      "no-op ensure overseerr, 10 services",
      "just ensure-overseerr",
      1 / 40,
      still[0] ?? [],
      idle[0] ?? [],
    ),
    compared(
      "cold ensure overseerr, nothing watched (stable: 0s)",
      "just ensure-overseerr",
      1 / 2,
      cold[1] ?? [],
      cold[0] ?? [],
    ),
    compared(
      "cold ensure overseerr, each watched for 3 s",
      "just ensure-overseerr",
      1 / 2,
      watched,
      cold[0] ?? [],
    ),
    absolute("peak memory of that no-op", "MB", 64, memory),
  ];
}

/** Cold `ensure` as it is by default: the verdict comes when the last container has stayed up for the window. */
function coldWatched(bench: Bench): number[] {
  const prefix = `${bench.prefix}-w`;
  writeClosure(join(bench.work, "watched"), prefix, true);
  const ensure = homelab(bench, "watched", "ensure", "overseerr");
  const [times = []] = inTurns([ensure], bench.quick ? 2 : 5, () => removeProjects(prefix));
  removeProjects(prefix);
  return times;
}

/** No-op `ensure all` of 200 services against 10, both while nothing else of the bench runs. */
export function growth(bench: Bench): Row {
  const [ten = [], many = []] = [10, 200].map((count) => {
    const name = `many-${count}`;
    const prefix = `${bench.prefix}-${count}`;
    writeMany(join(bench.work, name), prefix, count, count / 5);
    const ensure = homelab(bench, name, "ensure", "all");
    run(ensure);
    expectUnchanged(ensure);
    const [times = []] = inTurns([ensure], bench.quick ? 20 : 60);
    removeProjects(prefix);
    return times;
  });
  return compared("no-op ensure all, 200 services", "the same of 10 services", 4, many, ten);
}

/** A plan for 10,000 recipes, from the start of the process to its end. */
export function planning(bench: Bench): Row {
  const name = "large";
  writeMany(join(bench.work, name), `${bench.prefix}-l`, 10_000, 100);
  const plan = homelab(bench, name, "plan", "all", "--json");
  const { steps } = JSON.parse(run(plan).stdout) as { steps: unknown[] };
  if (steps.length !== 10_000) throw new Error(`A plan for 10,000 recipes has ${steps.length} steps`);
  const [times = []] = inTurns([plan], bench.quick ? 5 : 15);
  return absolute("plan all, 10,000 recipes", "ms", 500, times);
}
