import { expect, test } from "bun:test";
import { redactor } from "../../../../src/process/redact.ts";
import { secretsIn } from "../../../../src/units/host/secrets.ts";

const SAID = `\x1eEnvironmentFile
# of the mailer
PORT=8080
export API_KEY="ada's key"

PASSWORD=12345
\x1eLoadCredential
-----BEGIN KEY-----
c2VjcmV0
-----END KEY-----

`;

test.each([
  ["listens on 8080", "listens on 8080"],
  ["key is ada's key", "key is [redacted]"],
  ["refused: 12345", "refused: [redacted]"],
  ["read c2VjcmV0 of it", "read [redacted] of it"],
])("%s", (line, shown) => {
  expect(redactor(secretsIn(SAID))(line)).toBe(shown);
});

test("a host without such files", () => {
  expect(secretsIn("")).toEqual([]);
});
