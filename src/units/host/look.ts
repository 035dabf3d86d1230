import { HomelabError } from "../../errors.ts";
import type { Machine } from "../../process/machine.ts";
import { parseUnitList } from "./lines.ts";

const DEADLINE_MS = 30_000;
/** A system of any size needs some room for its new generation; on the file system of the store, in KiB. */
const LEAST_KIB = 256 * 1024;

/** A host as it is before anything is done. */
export interface HostState {
  /** Path of the running system. */
  readonly system: string;
  /** What boots next: the system that the profile leads to; empty when there is none. */
  readonly profile: string;
  /** Units that are failed. */
  readonly failed: readonly string[];
  /** Who is switching it now. */
  readonly holder: string | undefined;
  /** A switch did not come to its end, as when the power failed: what boots may not be what the profile says. */
  readonly unfinished: boolean;
  /** Free on the file system of the store, in KiB; undefined where that is not known. */
  readonly free: number | undefined;
  /** `Linux x86_64`. */
  readonly platform: string;
}

/** What it prints for each: one line, in this order. */
const LOOK = `readlink -f /run/current-system || echo
readlink -f /nix/var/nix/profiles/system || echo
echo "$(df -Pk /nix/store | sed -n '2s/  */ /gp' | cut -d ' ' -f 4)"
uname -sm
if [ -e /run/homelab/lock ] && ! flock -n /run/homelab/lock true; then cat /run/homelab/holder; else echo; fi
if [ -L /nix/var/nix/gcroots/homelab-new ]; then echo unfinished; else echo; fi
systemctl list-units --state=failed --plain --no-legend --no-pager`;

/** Looks at a host. Throws when it cannot be reached, gives no root, or is no NixOS. */
export async function lookAtHost(machine: Machine): Promise<HostState> {
  const result = await machine.run(["env", "LC_ALL=C", "sh", "-c", LOOK], {
    root: true,
    deadline: DEADLINE_MS,
  });
  if (result.timedOut)
    throw new HomelabError("timeout", `${machine.name} does not answer`, {
      hint: "see what it is busy with",
    });
  return readLook(machine, result.stdout, result.stderr);
}

/** What the look at a host printed. */
export function readLook({ name }: Pick<Machine, "name">, stdout: string, stderr = ""): HostState {
  const [system = "", profile = "", free = "", platform = "", holder = "", ...rest] = stdout.split("\n");
  const [unfinished, ...units] = rest;
  if (!system.startsWith("/nix/store/"))
    throw new HomelabError("unsupported", `${name} does not run NixOS: it has no /run/current-system`, {
      hint: stderr.trim().split("\n")[0] || "install NixOS on it first",
    });
  return {
    system,
    profile: profile.startsWith("/nix/store/") ? profile : "",
    failed: parseUnitList(units.join("\n")),
    holder: holder === "" ? undefined : holder,
    unfinished: unfinished === "unfinished",
    free: /^\d+$/.test(free) ? Number(free) : undefined,
    platform,
  };
}

/** The units that had failed right before the last switch of a host; undefined when it was not switched since it booted. */
export async function failedBeforeSwitch(machine: Machine): Promise<string[] | undefined> {
  const argv = ["cat", "/run/homelab/last/failed"];
  const { exitCode, stdout } = await machine.run(argv, { root: true, deadline: DEADLINE_MS });
  return exitCode === 0 ? parseUnitList(stdout) : undefined;
}

/** Throws `lock-held` when somebody else is switching it. */
export function requireFree({ name }: Pick<Machine, "name">, holder: string | undefined): void {
  if (holder === undefined) return;
  throw new HomelabError("lock-held", `${name} is being switched by ${holder}`, {
    hint: "wait until that has come to its end, and try again",
  });
}

/** Whether there is room for another system; what is not known is found out by copying one. */
export const hasSpace = ({ free }: Pick<HostState, "free">): boolean =>
  free === undefined || free >= LEAST_KIB;

/** Throws when there is none. */
export function requireSpace({ name }: Pick<Machine, "name">, state: Pick<HostState, "free">): void {
  if (hasSpace(state)) return;
  const left = Math.round((state.free ?? 0) / 1024);
  throw new HomelabError("refused", `the store of ${name} has ${left} MiB left`, {
    hint: "collect garbage there: `sudo nix-collect-garbage --delete-older-than 30d`",
  });
}
