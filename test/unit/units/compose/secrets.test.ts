import { expect, test } from "bun:test";
import { secretsOf } from "../../../../src/units/compose/secrets.ts";
import { temporary } from "../../temporary.ts";

const FILES = {
  ".env":
    "TOKEN=from-dotenv\nCHAIN=\"${TOKEN}-${HOST_VALUE}\"\nCUT=head#tail\nQUOTED='in quotes'\nPORT=8989\nEMPTY=\n",
  "app.env": "export URL=https://hook.example/abc\n",
  "token.txt": "plain-token-file\n",
  "key.txt": "c2VjcmV0LWtleQ==\n",
  "key.pem": "-----BEGIN KEY-----\nTUlJRXZRSUJBREFOQmdrcWhraUc5dw\nd2ZRQ0FRRQ=\n-----END KEY-----\n",
  "compose.yml": "services: { a: { image: not-secret } }\n",
};

const ENV = { HOST_VALUE: "of-the-host" };

test.each([
  ["values of .env", "said from-dotenv", "said [redacted]"],
  ["quoted values without their quotes", "<in quotes>", "<[redacted]>"],
  ["values of variables in values", "<from-dotenv-of-the-host>", "<[redacted]>"],
  ["values that some cut at #", "head, tail, head#tail", "[redacted], [redacted], [redacted]"],
  ["values of env files", "POST https://hook.example/abc 404", "POST [redacted] 404"],
  ["whole files", "login plain-token-file failed", "login [redacted] failed"],
  ["keys with padding", "key c2VjcmV0LWtleQ== is wrong", "key [redacted] is wrong"],
  ["lines of keys", "bad line TUlJRXZRSUJBREFOQmdrcWhraUc5dw", "bad line [redacted]"],
  ["no ports", "listen 8989", "listen 8989"],
  ["nothing of compose files", "image not-secret", "image not-secret"],
])("secretsOf() masks %s", (_, text, want) => {
  using dir = temporary(FILES);
  const files = [...Object.keys(FILES).map((file) => [file, "hash"] as const), ["gone.env", null] as const];
  expect(secretsOf({ manifest: { files, variables: [] }, dir: dir.path }, ENV)(text)).toBe(want);
});
