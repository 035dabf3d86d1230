import { expect, test } from "bun:test";
import { Semaphore } from "../../../src/process/semaphore.ts";
import { StopSwitch } from "../../../src/run/stop.ts";

test("the first signal stops, the second aborts, and the first cause counts", () => {
  const stop = new StopSwitch();
  expect(stop.press("SIGINT")).toBe("stop");
  expect([stop.stop.aborted, stop.abort.aborted]).toEqual([true, false]);
  expect(stop.press("SIGTERM")).toBe("abort");
  expect([stop.abort.aborted, stop.cause]).toEqual([true, "SIGINT"]);
});

test("running out of time aborts at once", () => {
  const stop = new StopSwitch();
  expect(stop.press("timeout")).toBe("abort");
  expect([stop.stop.aborted, stop.abort.aborted]).toEqual([true, true]);
});

test("a semaphore lets so many in, the others in turn, also after a failure", async () => {
  const slots = new Semaphore(2);
  let inside = 0;
  let most = 0;
  const order: number[] = [];
  const work = (name: number) =>
    slots.use(async () => {
      order.push(name);
      inside++;
      most = Math.max(most, inside);
      await Bun.sleep(1);
      inside--;
      if (name === 1) throw new Error("one");
    });
  const ended = await Promise.allSettled([0, 1, 2, 3, 4].map(work));
  expect(ended.map(({ status }) => status)).toEqual([
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
    "fulfilled",
  ]);
  expect({ most, order }).toEqual({ most: 2, order: [0, 1, 2, 3, 4] });
});
