import { HomelabError } from "../errors.ts";
import type { Machine } from "../process/machine.ts";
import { type HostFacts, parseFacts, QUESTION } from "./facts.ts";

const DEADLINE_MS = 30_000;
const MOST_BYTES = 4 * 1024 * 1024;

/** What a machine says of itself and of some units, in one go. Throws what `Machine.run` does. */
export async function lookAt(machine: Machine, units: readonly string[]): Promise<HostFacts> {
  const { stdout, stderr, timedOut, exitCode } = await machine.run(["sh", "-c", QUESTION, "sh", ...units], {
    deadline: DEADLINE_MS,
    keep: MOST_BYTES,
  });
  const facts = parseFacts(stdout);
  if (facts) return facts;
  if (timedOut)
    throw new HomelabError("unavailable", `${machine.name} let us in, and does not answer after that`, {
      hint: "it may be out of memory, or a network file system on it may hang: look at its console",
    });
  const said = (stderr.trim() || stdout.trim()).split("\n").at(-1) || `exit code ${exitCode}`;
  throw new HomelabError("unavailable", `${machine.name} cannot be asked: ${said}`, {
    hint: "its login needs a shell that runs commands",
  });
}
