import { type Asked, type Ended, explain, explainMachine, type Failure } from "./failure.ts";

/** What Nix says of its own end of a connection that is gone, and what ssh says of the other. */
const LOST =
  /Broken pipe|unexpected end-of-file|disconnected unexpectedly|failed to start SSH connection|Connection reset/;
const SSH = /^(?:ssh: |Timeout, server |Connection (?:to|closed)|client_loop)/;

/** What a failed `nix copy` to a machine means. */
export function explainCopy(ended: Ended, asked: Asked): Failure {
  const found = explainMachine(ended, asked);
  if (found) return found;
  const { errors, other } = ended.log;
  if (!errors.some((error) => LOST.test(error))) return explain(ended, asked);
  const why = other.findLast((line) => SSH.test(line)) ?? "it ended in the middle";
  return {
    ok: false,
    code: "network",
    detail: `the connection to ${asked.machine} was lost over the copy: ${why.trim().replace(/\.$/, "")}`,
    hint: "look whether it runs and can be reached, then run it again: what has come is kept there",
    log: [...other, ...errors.map((error) => `error: ${error}`)].slice(-12),
  };
}
