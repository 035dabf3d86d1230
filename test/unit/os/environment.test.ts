import { describe, expect, test } from "bun:test";
import { completeEnvironment } from "../../../src/os/environment.ts";

const USUAL =
  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/wrappers/bin:/run/current-system/sw/bin:/snap/bin";
const REST =
  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/run/wrappers/bin:/run/current-system/sw/bin:/snap/bin";

describe("completeEnvironment() of", () => {
  test.each([
    ["nothing", {}, { PATH: USUAL, HOME: "/home/of-uid" }],
    [
      "what cron gives",
      { PATH: "/usr/bin:/bin", HOME: "/root" },
      { PATH: `/usr/bin:/bin:${REST}`, HOME: "/root" },
    ],
    ["empty values", { PATH: "", HOME: "" }, { PATH: USUAL, HOME: "/home/of-uid" }],
    [
      "a path of one's own",
      { PATH: "/mine", HOME: "/h", X: "1" },
      { PATH: `/mine:${USUAL}`, HOME: "/h", X: "1" },
    ],
  ])("%s", (_, env, want) => expect(completeEnvironment(env, () => "/home/of-uid")).toEqual(want));

  test("one that is complete is that one", () => {
    const env = { PATH: `/mine:${USUAL}`, HOME: "/h" };
    expect(completeEnvironment(env)).toBe(env);
  });

  test("a user without a home leaves it out", () =>
    expect(completeEnvironment({ PATH: USUAL }, () => undefined)).toEqual({ PATH: USUAL, HOME: undefined }));
});
