import { HomelabError } from "../../errors.ts";
import type { Finding } from "../../nix/finding.ts";
import { aheadOf } from "../../process/ahead.ts";
import type { Machine } from "../../process/machine.ts";
import { BOOT_PARTS, rebootFor } from "./closure.ts";

const DEADLINE_MS = 30_000;
/** A host whose clock is off by more does not trust certificates, and its journal cannot be compared with ours. */
const MOST_SKEW_MS = 5 * 60_000;
/** A new generation consists of many files; on file systems that count them, that many have to be free. */
const LEAST_INODES = 1000;

/** How a host is besides what it runs. */
export interface Condition {
  /** What `systemctl is-system-running` says: running, degraded, starting, stopping, maintenance … */
  readonly systemd: string;
  /** Parts that already wait for a reboot. */
  readonly reboot: readonly string[];
  /** Free inodes of the file system of the store; undefined where it does not count them. */
  readonly inodes: number | undefined;
  /** Milliseconds that its clock is ahead of ours. */
  readonly ahead: number;
}

/** One line of each, then the links. */
const LOOK = `echo "$(systemctl is-system-running)"
echo "$(df -Pi /nix/store | awk 'NR == 2 { print $2, $4 }')"
readlink -m "$@"`;

export async function conditionOf(machine: Machine): Promise<Condition> {
  const links = ["/run/booted-system", "/run/current-system"].flatMap((system) =>
    BOOT_PARTS.map((part) => `${system}/${part}`),
  );
  const [{ stdout }, ahead] = await Promise.all([
    machine.run(["sh", "-c", LOOK, "sh", ...links], { deadline: DEADLINE_MS, english: true }),
    aheadOf(machine),
  ]);
  return { ...readCondition(stdout), ahead };
}

/** What the question printed. */
export function readCondition(text: string): Omit<Condition, "ahead"> {
  const [systemd = "", counted = "", ...links] = text.trimEnd().split("\n");
  const [total = 0, free] = counted.split(" ").map(Number);
  const current = links.slice(BOOT_PARTS.length);
  return {
    systemd,
    reboot: rebootFor([...links.slice(0, BOOT_PARTS.length), ...current, ...current]),
    inodes: total > 0 ? free : undefined,
  };
}

/** Whether files can be made in its store. */
export const hasInodes = ({ inodes = LEAST_INODES }: Pick<Condition, "inodes">): boolean =>
  inodes >= LEAST_INODES;

/** Throws `refused` when no more files can be made in its store. */
export function requireInodes(name: string, { inodes }: Pick<Condition, "inodes">): void {
  if (hasInodes({ inodes })) return;
  throw new HomelabError("refused", `the file system of ${name}'s store has room for ${inodes} more files`, {
    hint: `collect garbage there: \`homelab gc ${name}\`, or \`sudo nix-collect-garbage --delete-older-than 30d\``,
  });
}

const SYSTEMD: Readonly<Record<string, string>> = {
  initializing: "still boots: what has not come up yet is not counted as failed",
  starting: "still boots: what has not come up yet is not counted as failed",
  maintenance: "is in rescue or emergency mode",
  stopping: "is shutting down",
};

/** What is better known of a host before it is changed; units that have failed are told of elsewhere. */
export function conditionFindings(name: string, { systemd, reboot, ahead }: Condition): Finding[] {
  const warning = (rule: string, text: string, hint: string): Finding => ({
    ...{ level: "warning", rule, text, hint },
  });
  const state = SYSTEMD[systemd];
  const minutes = Math.round(Math.abs(ahead) / 60_000);
  return [
    ...(state
      ? [warning("not-running", `${name} ${state}`, "look what it is at: `systemctl list-jobs`")]
      : []),
    ...(Math.abs(ahead) > MOST_SKEW_MS
      ? [
          warning(
            "clock-skew",
            `the clock of ${name} is ${minutes} min ${ahead > 0 ? "ahead of" : "behind"} this machine's`,
            "see `timedatectl` on both",
          ),
        ]
      : []),
    ...(reboot.length > 0
      ? [
          warning(
            "reboot-pending",
            `${name} waits for a reboot already: ${reboot.join(", ")}`,
            "`sudo systemctl reboot` there, before or after",
          ),
        ]
      : []),
  ];
}
