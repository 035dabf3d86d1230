/** Why a run ends early. */
export type StopCause = "SIGINT" | "SIGTERM" | "timeout";

/**
 * Two ways to end a run early. `stop`: nothing new begins, waiting ends, changes in hand go on to their end.
 * `abort`: those are broken off too.
 */
export class StopSwitch {
  readonly #stop = new AbortController();
  readonly #abort = new AbortController();
  #cause: StopCause | undefined;

  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  get abort(): AbortSignal {
    return this.#abort.signal;
  }

  /** The first cause counts. */
  get cause(): StopCause | undefined {
    return this.#cause;
  }

  /** The first call stops; a second one, or the timeout, aborts. Returns which of the two it was. */
  press(cause: StopCause): "stop" | "abort" {
    const again = this.#cause !== undefined;
    this.#cause ??= cause;
    this.#stop.abort();
    if (!again && cause !== "timeout") return "stop";
    this.#abort.abort();
    return "abort";
  }
}

/** Connects the signals of a person or the system to a switch. Returns how to disconnect them. */
export function listenForSignals(stop: StopSwitch, tell: (effect: "stop" | "abort") => void): () => void {
  const handlers: [NodeJS.Signals, () => void][] = [
    ["SIGINT", () => tell(stop.press("SIGINT"))],
    ["SIGTERM", () => tell(stop.press("SIGTERM"))],
    ["SIGHUP", () => tell(stop.press("SIGTERM"))],
  ];
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}
