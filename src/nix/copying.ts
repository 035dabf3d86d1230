import { HomelabError } from "../errors.ts";
import type { ProcessResult } from "../process/runner.ts";
import { troubleOf } from "./call.ts";
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
  return lost(asked.machine, why, [...other, ...errors.map((error) => `error: ${error}`)]);
}

const lost = (machine: string, why: string, said: readonly string[]): Failure => ({
  ok: false,
  code: "network",
  detail: `the connection to ${machine} was lost over the copy: ${why.trim().replace(/\.$/, "")}`,
  hint: "look whether it runs and can be reached, then run it again: what has come is kept there",
  log: said.slice(-12),
});

/** What a program has that wrote to one that had ended. */
const SIGPIPE = 141;

/** A program at one end of a copy, and on which machine it ran. */
export type RelayEnd = Pick<ProcessResult, "exitCode" | "stderr" | "timedOut" | "cancelled"> & {
  readonly name: string;
};

/**
 * What became of a copy of which one machine sends to another, what each of them said; undefined when it is done.
 * Throws when none of them is known to be what failed.
 */
export function explainRelay(
  { from, to }: { readonly from: RelayEnd; readonly to: RelayEnd },
  path: string,
): Failure | undefined {
  const cut = !from.timedOut && !from.cancelled && (from.exitCode === null || from.exitCode === SIGPIPE);
  // What takes it knows better why it ended; of that, what sends it only sees that nobody listens.
  const ends = [to, from].filter((end) => end.exitCode !== 0 && !(end === from && cut));
  for (const end of ends) {
    const trouble = troubleOf(end, { flake: path, attribute: "", machine: end.name });
    if (trouble) return trouble;
  }
  const unknown = ends.find(({ stderr }) => !LOST.test(stderr));
  if (unknown) throw notCopied(unknown);
  const [end] = ends;
  return end && lost(end.name, "it ended in the middle", end.stderr.trim().split("\n"));
}

/** As an error, where Nix is not known to say why. */
export function notCopied({ name, stderr }: RelayEnd): HomelabError {
  const said = stderr.trim().split("\n").at(-1) || "it did not say why";
  return new HomelabError("step-failed", `the system was not copied, ${name} says: ${said}`, {
    hint: "what came over is kept; run it again",
  });
}
