import { HomelabError } from "../../../errors.ts";
import type { MachineOptions } from "../../../process/machine.ts";
import type { ProcessResult } from "../../../process/runner.ts";
import type { SshMachine } from "../../../ssh/machine.ts";
import { listenForSignals, StopSwitch } from "../../stop.ts";
import { lastLine, SHORT_MS } from "./target.ts";

/** Where seed and Justfiles have it. */
const USUAL = "~/nixos-config";

/** A directory on the other side: in it, nothing that a shell or rsync would read otherwise. Throws `usage`. */
export function syncDirectory(text = USUAL): string {
  const dir = text.replace(/^~\/(?=.)/, "").replace(/\/+$/, "");
  const odd = !/^[\w./@+-]+$/.test(dir) || dir.startsWith("-") || /(?:^|\/)\.\.?(?:\/|$)/.test(dir);
  const shape = text.startsWith("~/") || text.startsWith("/");
  if (shape && !odd && !/^\/?[^/]*$/.test(text.replace(/\/+$/, ""))) return dir;
  throw new HomelabError("usage", `\`--to\` takes a directory below another one, not \`${text}\``, {
    hint: "such as /opt/homelab or ~/nixos-config",
  });
}

/** As a person reads it. */
export const shownDirectory = (dir: string): string => (dir.startsWith("/") ? dir : `~/${dir}`);

/**
 * Run as root: what is there already is never given to somebody else. Who logs in may not even see that it is there,
 * below a directory that is closed to him.
 */
const GIVE = `
umask 022
if [ -e "$1" ] || [ -L "$1" ]; then exit 1; fi
mkdir -p -- "$(dirname -- "$1")" && mkdir -- "$1" && chown -- "$2" "$1"
`;

/** Makes the directory for who logs in, with root's help where it is not his to make. */
export async function makeDirectory(machine: SshMachine, dir: string): Promise<void> {
  const isMine = async () => {
    const { exitCode } = await machine.run(["test", "-w", dir], { deadline: SHORT_MS });
    return exitCode === 0;
  };
  const made = await machine.run(["mkdir", "-p", "--", dir], { deadline: SHORT_MS });
  if (made.exitCode === 0 && (await isMine())) return;
  const who = (await machine.run(["id", "-u"], { deadline: SHORT_MS })).stdout.trim();
  const there = await machine.run(["test", "-e", dir], { deadline: SHORT_MS });
  if (there.exitCode !== 0) {
    const argv = ["sh", "-c", GIVE, "sh", dir, who];
    const given = await machine.run(argv, { root: true, deadline: SHORT_MS });
    if (given.exitCode === 0) {
      if (await isMine()) return;
      await machine.run(["rmdir", "--", dir], { root: true, deadline: SHORT_MS });
      throw new HomelabError(
        "permission",
        `a directory above ${dir} on ${machine.name} is closed to this login`,
        {
          hint: "name another one with `--to`",
        },
      );
    }
  }
  throw new HomelabError("permission", `${dir} on ${machine.name} is not for this login to write`, {
    hint: `give it to the login: \`sudo chown ${who} ${dir}\`; or name another one with \`--to\``,
  });
}

/** Runs what takes long: Ctrl-C ends it, and what it has done so far is gone on with the next time. */
export async function breakable(
  run: (options: Pick<MachineOptions, "signal">) => Promise<ProcessResult>,
): Promise<ProcessResult> {
  const stop = new StopSwitch();
  const disconnect = listenForSignals(stop, () => {});
  try {
    const result = await run({ signal: stop.stop });
    if (stop.cause === undefined) return result;
    throw new HomelabError(stop.cause === "SIGINT" ? "interrupted" : "terminated", "broken off", {
      hint: "run it again: it goes on from there",
    });
  } finally {
    disconnect();
  }
}

/** Throws what a program there failed with. */
export function sure(result: ProcessResult, what: string, hint: string): ProcessResult {
  if (result.exitCode === 0) return result;
  const why = result.timedOut ? "it took too long" : lastLine(result);
  throw new HomelabError("step-failed", `${what}: ${why}`, { hint });
}
