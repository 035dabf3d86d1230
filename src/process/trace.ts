import type { ProcessResult } from "./runner.ts";

type Stream = "stdout" | "stderr";

/** Told of one outside program, from its start to its end. */
export interface TraceOf {
  piece(stream: Stream, piece: Uint8Array): void;
  ended(result: ProcessResult): void;
}

/** Told of all outside programs that this process starts. */
export type Trace = (argv: readonly string[]) => TraceOf;

let current: Trace | undefined;

/** From now on all is told, until the function that it gives is called. */
export function traceTo(trace: Trace): () => void {
  current = trace;
  return () => {
    current = undefined;
  };
}

/**
 * What is told of a program. Where its output has to be redacted, that cannot be done piece by piece: then it is told at
 * the end, as everybody else gets it.
 */
export function traced(argv: readonly string[], isRedacted: boolean): TraceOf | undefined {
  const told = current?.(argv);
  if (!told || !isRedacted) return told;
  return {
    piece() {},
    ended(result) {
      told.piece("stdout", Buffer.from(result.stdout));
      told.piece("stderr", Buffer.from(result.stderr));
      told.ended(result);
    },
  };
}
