import { expect, test } from "bun:test";
import { delay, now, withGrace } from "../../src/clock.ts";

test.each(["before", "meanwhile"])("time is given from when a signal fires: %s", async (when) => {
  const stop = new AbortController();
  if (when === "before") stop.abort();
  const begun = now();
  const ended = withGrace(stop.signal, 50, (late) => delay(10_000, late));
  if (when === "meanwhile") stop.abort();
  await ended;
  expect(now() - begun).toBeWithin(45, 5_000);
});

test("what ends in time gives what it gives", async () => {
  const stop = new AbortController();
  let late: AbortSignal | undefined;
  const ended = withGrace(stop.signal, 10_000, async (signal) => {
    late = signal;
    return "done";
  });
  expect([await ended, late?.aborted]).toEqual(["done", false]);
});
