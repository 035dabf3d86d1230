/** Runs whole processes and measures them from outside. */

export interface Command {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export interface Outcome {
  readonly milliseconds: number;
  readonly stdout: string;
}

/** Longer than anything that is measured takes: an engine that hangs must not hang the bench. */
const DEADLINE_MS = 300_000;

/** Runs a command to its end. Throws with its last words unless it exits with 0. */
export function run(command: Command): Outcome {
  const start = performance.now();
  const child = Bun.spawnSync([...command.argv], {
    cwd: command.cwd,
    env: { ...process.env, NO_COLOR: "1", ...command.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: DEADLINE_MS,
  });
  const milliseconds = performance.now() - start;
  if (child.exitCode !== 0) {
    const words = `${child.stdout}\n${child.stderr}`.trim().split("\n").slice(-8).join("\n");
    throw new Error(
      `\`${command.argv.join(" ")}\` exited with ${child.exitCode ?? child.signalCode}\n${words}`,
    );
  }
  return { milliseconds, stdout: child.stdout.toString() };
}

/** The middle value; of an even number of values the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Wall times of each command in milliseconds, taken in turns so that a busy moment hits all of them. */
export function inTurns(commands: readonly Command[], rounds: number, before?: () => void): number[][] {
  const times: number[][] = commands.map(() => []);
  for (let round = 0; round < rounds; round++) {
    commands.forEach((command, index) => {
      before?.();
      times[index]?.push(run(command).milliseconds);
    });
  }
  return times;
}

const GETRUSAGE: Partial<Record<NodeJS.Architecture, number>> = { x64: 98, arm64: 165 };

/**
 * Peak resident memory of a command in bytes. Not from this process's own `wait4`: a child started with vfork begins
 * with its parent's peak, which is larger than what is measured here. Perl forks properly and is small.
 */
export function peakMemory(command: Command): number {
  const number = GETRUSAGE[process.arch];
  if (number === undefined) throw new Error(`Peak memory cannot be measured on ${process.arch}`);
  const script = `
    my $pid = fork; if (!$pid) { open STDOUT, ">", "/dev/null"; exec @ARGV or die $! } waitpid $pid, 0;
    die "exit status $?" if $?;
    my $usage = "\\x00" x 256; syscall(${number}, -1, $usage) == 0 or die $!;
    print unpack("x32 q", $usage);`;
  return Number(run({ ...command, argv: ["perl", "-e", script, ...command.argv] }).stdout) * 1024;
}
