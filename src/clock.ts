/** The one clock for deadlines and durations: monotonic milliseconds. */
export const now = (): number => performance.now();

/** Resolves after `ms`, or at once when `signal` fires. Never rejects. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted || ms <= 0) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end, { once: true });
  });
}

/** Calls `then` with a signal that fires `ms` after another one, for as long as that takes. */
export async function withGrace<T>(
  signal: AbortSignal,
  ms: number,
  then: (late: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  let timer: Timer | undefined;
  const begin = () => {
    timer = setTimeout(() => late.abort(), ms);
  };
  if (signal.aborted) begin();
  else signal.addEventListener("abort", begin, { once: true });
  try {
    return await then(late.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", begin);
  }
}
