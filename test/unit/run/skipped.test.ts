import { expect, test } from "bun:test";
import { type Skip, skipWarnings } from "../../../src/run/skipped.ts";

const skip = (image: string, more: Partial<Skip> = {}): Skip => ({
  image,
  registry: "r.lan",
  code: "image-missing",
  text: "its registry https://r.lan cannot be reached",
  ...more,
});
const limit = (until: string) => ({
  code: "rate-limited",
  text: `r.lan gives no more images away until ${until} (rate limit)`,
  hint: "`docker login r.lan` raises the limit",
});
const denied = (image: string): Skip =>
  skip(image, { code: "registry-denied", text: `r.lan does not give \`${image}\` away`, hint: "log in" });

test.each<[what: string, skipped: Skip[], warnings: string[]]>([
  ["nothing", [], []],
  [
    "one image",
    [skip("a")],
    ["update of a skipped, and what is here is kept: its registry https://r.lan cannot be reached"],
  ],
  [
    "many images of one registry are one warning",
    ["a", "b", "c", "d", "e"].map((image) => skip(image)),
    [
      "updates of 5 images skipped (a, b and 3 more), and what is here is kept: its registry https://r.lan cannot be reached",
    ],
  ],
  [
    "the time that was known last counts",
    [skip("a", limit("14:00")), skip("b", limit("13:10"))],
    [
      "updates of 2 images skipped (a, b), and what is here is kept: r.lan gives no more images away until 13:10 (rate limit); `docker login r.lan` raises the limit",
    ],
  ],
  [
    "what is said of each image is said of all",
    [denied("a"), denied("b"), skip("c")],
    [
      "updates of 2 images skipped (a, b), and what is here is kept: r.lan does not give them away; log in",
      "update of c skipped, and what is here is kept: its registry https://r.lan cannot be reached",
    ],
  ],
])("%s", (_, skipped, warnings) => {
  expect(skipWarnings(skipped)).toEqual(warnings);
});
