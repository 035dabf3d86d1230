import { describe, expect, test } from "bun:test";
import { HomelabError } from "../../../../src/errors.ts";
import { collectedText, withRetries } from "../../../../src/run/host/recover.ts";

const web = { name: "web" };

test.each([
  [{ ok: true, paths: 3, freed: "1.2 GiB" }, "collected garbage on web: 1.2 GiB freed"],
  [{ ok: true, paths: 0, freed: "0.00 MiB" }, "there was no garbage to collect on web"],
  [{ ok: false, said: "no permission" }, "garbage could not be collected on web: no permission"],
] as const)("%p", (collected, text) => {
  expect(collectedText(web, collected)).toBe(text);
});

describe("what may not be reached", () => {
  const away = () => new HomelabError("unavailable", "web does not answer");
  /** Notes, and how often it was tried. */
  async function tried(ends: readonly (() => unknown)[], stop = new AbortController().signal) {
    const notes: string[] = [];
    let times = 0;
    const attempt = async () => ends[Math.min(times++, ends.length - 1)]?.();
    const progress = (_: string, note: string) => notes.push(note);
    try {
      return { ended: await withRetries({ progress, stop }, attempt), notes, times };
    } catch (error) {
      return { error, notes, times };
    }
  }
  const fail = (error: unknown) => () => {
    throw error;
  };

  test("is tried again when it was away for a moment", async () => {
    expect(await tried([fail(away()), () => "there"])).toEqual({
      ended: "there",
      notes: ["web does not answer; tries again in 1 s"],
      times: 2,
    });
  });

  test("is not when it refuses", async () => {
    const error = new HomelabError("refused", "the host key of web is not the known one");
    expect(await tried([fail(error)])).toEqual({ error, notes: [], times: 1 });
  });

  test("is not when the run is to stop", async () => {
    const error = away();
    expect(await tried([fail(error)], AbortSignal.abort())).toEqual({ error, notes: [], times: 1 });
  });
});
