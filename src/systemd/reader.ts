import { HomelabError } from "../errors.ts";
import { type Machine, oncePerMachine } from "../process/machine.ts";

const DEADLINE_MS = 15_000;

/**
 * Whether root has to read the journal of a machine, as the login there may not see all of it. Asked once, and nothing
 * is read for it: only that says what is closed.
 */
export const needsRoot = oncePerMachine(async (machine: Machine): Promise<boolean> => {
  if (!machine.remote && process.getuid?.() === 0) return false;
  // With another output than the default one it is quiet, too.
  const words = ["journalctl", "--no-pager", "--lines=0"];
  const { stderr } = await machine.run(words, { deadline: DEADLINE_MS, english: true });
  return isClosed(stderr);
});

/** Whether `journalctl` says, without `--quiet`, that it was not let into all of the journal. */
export const isClosed = (stderr: string): boolean =>
  /not seeing messages from |insufficient permissions|Permission denied/.test(stderr);

/** Why nobody may read the journal of a machine, for what sudo said. */
export function notLetIn({ name }: Pick<Machine, "name">, cause: unknown): unknown {
  if (!(cause instanceof HomelabError) || cause.code !== "permission") return cause;
  return new HomelabError("permission", `the journal of ${name} cannot be read without root`, {
    hint: `join the group \`systemd-journal\` there, or: ${cause.hint}`,
    cause,
  });
}
