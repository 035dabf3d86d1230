/** How a program ended, and all that it wrote. */
export interface Result {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SpawnOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Running {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  /** What it has written to standard error so far. */
  said(): string;
  /** What it has written to standard output so far. */
  printed(): string;
  readonly ended: Promise<Result>;
}

/** No program under test may take longer. */
const DEADLINE_MS = 100_000;

/** Starts a program without a terminal and with its standard input closed. It is killed when it takes too long. */
export function start(argv: readonly string[], { cwd, env }: SpawnOptions): Running {
  const child = Bun.spawn([...argv], {
    cwd,
    env: { ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: DEADLINE_MS,
    killSignal: "SIGKILL",
  });
  const said: string[] = [];
  const printed: string[] = [];
  const collect = async (): Promise<Result> => {
    const listen = async (stream: ReadableStream<Uint8Array>, texts: string[]) => {
      const decoder = new TextDecoder();
      for await (const chunk of stream) texts.push(decoder.decode(chunk, { stream: true }));
    };
    await Promise.all([listen(child.stdout, printed), listen(child.stderr, said), child.exited]);
    return { code: child.exitCode, stdout: printed.join(""), stderr: said.join("") };
  };
  return {
    pid: child.pid,
    kill: (signal) => child.kill(signal),
    said: () => said.join(""),
    printed: () => printed.join(""),
    ended: collect(),
  };
}
