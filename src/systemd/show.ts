import { HomelabError } from "../errors.ts";
import { aheadOf } from "../process/ahead.ts";
import type { Machine } from "../process/machine.ts";

/** One unit as systemd has it. Words are systemd's own: systemctl(1), org.freedesktop.systemd1(5). */
export interface UnitState {
  /** As it was asked for. */
  readonly unit: string;
  /** loaded, not-found, masked, bad-setting, error … */
  readonly load: string;
  /** active, inactive, failed, activating, deactivating, reloading … */
  readonly active: string;
  /** running, exited, auto-restart, dead … */
  readonly sub: string;
  /** Of the last life: success, exit-code, signal, timeout, oom-kill, start-limit-hit … */
  readonly result: string;
  /** simple, notify, oneshot …; empty for what is no service. */
  readonly type: string;
  /** A oneshot that counts as active after its end. */
  readonly remains: boolean;
  /** Whether its conditions held when it was to be started last. */
  readonly condition: boolean;
  /** Whether its main process was started since boot. */
  readonly ran: boolean;
  /** Exit code, or number of the signal, of its last main process. */
  readonly exit: number;
  /** How often systemd restarted it since somebody started it. */
  readonly restarts: number;
  /** Whether systemd has yet to start, stop or restart it, as somebody asked. */
  readonly queued: boolean;
  /** Id of the present life; empty when there was none. */
  readonly life: string;
  /** When it became active last, in milliseconds of this machine's clock, whatever the other one's says. */
  readonly since: number | undefined;
  /** Bytes of memory in use by all of its processes, where systemd counts them. */
  readonly memory: number | undefined;
}

const PROPERTIES = [
  "Id",
  "LoadState",
  "ActiveState",
  "SubState",
  "Result",
  "Type",
  "RemainAfterExit",
  "ConditionResult",
  "ConditionTimestamp",
  "ExecMainStartTimestamp",
  "ExecMainStatus",
  "NRestarts",
  "Job",
  "InvocationID",
  "ActiveEnterTimestamp",
  "MemoryCurrent",
];

const DEADLINE_MS = 30_000;

/** Asks for units in one go, in the order given. */
export async function showUnits(machine: Machine, units: readonly string[]): Promise<Map<string, UnitState>> {
  if (units.length === 0) return new Map();
  const { stdout, ahead } = await show(machine, units);
  return parseShow(stdout, units, ahead);
}

/** From so many on, instances that systemd has not in memory are not loaded one by one only to be told that. */
const MANY = 8;

/**
 * The same for instances of one template, `NAME@…`: systemd reads the files of each one that is asked for by name, and
 * forgets it again. Of many, only those are asked for that it has in memory; the others are not started, and as loaded
 * as the first is.
 */
export async function showInstances(
  machine: Machine,
  units: readonly string[],
): Promise<Map<string, UnitState>> {
  const [first = ""] = units;
  if (units.length < MANY) return showUnits(machine, units);
  const pattern = `${first.slice(0, first.indexOf("@") + 1)}*`;
  const { stdout, ahead } = await show(machine, [first, pattern]);
  const known = byName(stdout, ahead);
  const { load, type = "", remains = false } = known.get(first) ?? {};
  // What is the matter with the first may be its own affair.
  if (load !== "loaded") return showUnits(machine, units);
  const idle = { load, active: "inactive", sub: "dead", result: "success", type, remains };
  return new Map(units.map((unit) => [unit, known.get(unit) ?? { ...stateOf(unit, ""), ...idle }]));
}

/** What systemd has of units, and how far its clock is ahead. */
async function show(
  machine: Machine,
  units: readonly string[],
): Promise<{ readonly stdout: string; readonly ahead: number }> {
  const words = ["show", "--timestamp=unix", `--property=${PROPERTIES.join(",")}`, "--", ...units];
  const [{ exitCode, stdout, stderr }, ahead] = await Promise.all([
    askSystemd(machine, words),
    aheadOf(machine),
  ]);
  if (exitCode !== 0) throw systemdTrouble(machine, stderr);
  return { stdout, ahead };
}

/** Reads what `systemctl show` printed, whatever was asked for: each block says which unit it is about. */
export function byName(text: string, ahead = 0): Map<string, UnitState> {
  const blocks = text.trim().split(/\n\n+/);
  return new Map(
    blocks.flatMap((block): [string, UnitState][] => {
      const unit = /^Id=(.+)$/m.exec(block)?.[1];
      return unit === undefined ? [] : [[unit, stateOf(unit, block, ahead)]];
    }),
  );
}

/** `systemctl …` that only asks. */
export const askSystemd = (machine: Machine, words: readonly string[]) =>
  machine.run(["systemctl", "--no-pager", ...words], {
    deadline: DEADLINE_MS,
    keep: 4 * 1024 * 1024,
    english: true,
  });

/**
 * Reads what `systemctl show` printed for `units`: a block each, with an empty line between. `ahead`: milliseconds that
 * the clock of their machine is ahead of ours.
 */
export function parseShow(text: string, units: readonly string[], ahead = 0): Map<string, UnitState> {
  const blocks = text.trim().split(/\n\n+/);
  return new Map(units.map((unit, index) => [unit, stateOf(unit, blocks[index] ?? "", ahead)]));
}

function stateOf(unit: string, block: string, ahead = 0): UnitState {
  const values = new Map(
    block.split("\n").map((line): [string, string] => {
      const equals = line.indexOf("=");
      return [line.slice(0, equals), line.slice(equals + 1)];
    }),
  );
  const word = (key: string) => values.get(key) ?? "";
  return {
    unit,
    load: word("LoadState"),
    active: word("ActiveState"),
    sub: word("SubState"),
    result: word("Result"),
    type: word("Type"),
    remains: word("RemainAfterExit") === "yes",
    condition: word("ConditionResult") !== "no" || word("ConditionTimestamp") === "",
    ran: word("ExecMainStartTimestamp") !== "",
    exit: Number(word("ExecMainStatus") || 0),
    restarts: Number(word("NRestarts") || 0),
    queued: word("Job") !== "" && word("Job") !== "0",
    life: word("InvocationID"),
    since: secondsOf(word("ActiveEnterTimestamp"), ahead),
    memory: /^\d{1,15}$/.test(word("MemoryCurrent")) ? Number(word("MemoryCurrent")) : undefined,
  };
}

/** `@1763719444`, in milliseconds, as our clock has it. */
function secondsOf(text: string, ahead: number): number | undefined {
  const match = /^@(\d+)$/.exec(text);
  return match ? Number(match[1]) * 1000 - ahead : undefined;
}

/** Why systemd did not answer. */
export function systemdTrouble({ name }: Pick<Machine, "name">, stderr: string): HomelabError {
  const said = stderr.trim().split("\n")[0] ?? "";
  if (
    /not been booted with systemd|Failed to connect to (?:system )?bus|command not found|not found$|^env: .*No such file/.test(
      said,
    )
  ) {
    return new HomelabError("unavailable", `systemd does not run on ${name}`, {
      hint: "units and MicroVMs need it: name only services, or run this where systemd is process 1",
    });
  }
  return new HomelabError("unavailable", `systemd on ${name} does not answer: ${said || "it said nothing"}`, {
    hint: "see `systemctl status` there",
  });
}
