import { expect, test } from "bun:test";
import { noticesText } from "../../../scripts/releasing/notices.ts";

test("each part is named with its licence, and with the text that it asks to be passed on", () => {
  const text = noticesText([
    { name: "yaml", version: "2.9.1", license: "ISC", text: "\nCopyright somebody\n\nPermission…\n" },
    { name: "bun", version: "1.4.5", license: "MIT" },
  ]);
  expect(text).toBe(`homelab is compiled from, and contains, the following packages.

yaml 2.9.1 (ISC)
----------------

Copyright somebody

Permission…


bun 1.4.5 (MIT)
`);
});
