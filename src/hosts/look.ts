import { HomelabError } from "../errors.ts";
import type { Machine } from "../process/machine.ts";
import { type HostFacts, parseFacts, QUESTION } from "./facts.ts";

const DEADLINE_MS = 30_000;
const MOST_BYTES = 16 * 1024 * 1024;

/** What a machine says of itself and of some units, in one go. Throws what `Machine.run` does. */
export const lookAt = (machine: Machine, units: readonly string[]): Promise<HostFacts> =>
  askAll(machine, ["sh", "-c", QUESTION, "sh", ...units], parseFacts);

/**
 * Runs a script that asks a machine for many things, and reads its answer; `read` gives undefined for one that was cut
 * off. Throws `unavailable` for that, and what `Machine.run` does.
 */
export async function askAll<Answer>(
  machine: Machine,
  argv: readonly string[],
  read: (text: string) => Answer | undefined,
  { root }: { readonly root?: boolean } = {},
): Promise<Answer> {
  const options = { deadline: DEADLINE_MS, keep: MOST_BYTES, root };
  const { stdout, stderr, timedOut, exitCode } = await machine.run(argv, options);
  const answer = read(stdout);
  if (answer !== undefined) return answer;
  if (timedOut) {
    throw new HomelabError("unavailable", `${machine.name} let us in, and does not answer after that`, {
      hint: "it may be out of memory, or a network file system on it may hang: look at its console",
    });
  }
  const said = (stderr.trim() || stdout.trim()).split("\n").at(-1) || `exit code ${exitCode}`;
  throw new HomelabError("unavailable", `${machine.name} cannot be asked: ${said}`, {
    hint: "its login needs a shell that runs commands",
  });
}
