import { existsSync } from "node:fs";
import { HomelabError } from "../errors.ts";
import { type ProcessResult, runProcess } from "../process/runner.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const DEADLINE_MS = 60_000;

/** Whether systemd is what runs this machine: sd_booted(3). */
export const isSystemd = (): boolean => existsSync("/run/systemd/system");

/** Throws `unsupported` where systemd does not run. */
export function requireSystemd(): void {
  if (isSystemd()) return;
  throw new HomelabError(
    "unsupported",
    "systemd does not run on this machine, so it can run nothing regularly",
    {
      hint: "use cron: `homelab help cron` shows the lines",
    },
  );
}

/** `systemctl …`, in English and UTC. */
export const systemctl = (words: readonly string[], env: Environment): Promise<ProcessResult> =>
  runProcess(["systemctl", "--no-pager", "--no-ask-password", ...words], {
    env: { ...env, LC_ALL: "C", TZ: "UTC" },
    deadline: DEADLINE_MS,
  });

/** The same; throws `step-failed` with what it said when it fails. */
export async function systemctlOrFail(words: readonly string[], env: Environment): Promise<void> {
  const { exitCode, stderr } = await systemctl(words, env);
  if (exitCode === 0) return;
  const said = stderr.trim().split("\n").at(-1) ?? "";
  throw new HomelabError("step-failed", `\`systemctl ${words.join(" ")}\` failed: ${said}`, {
    hint: "see `journalctl -xe`",
  });
}
