import type { Finding } from "../../../nix/finding.ts";
import type { UnitFile } from "./unit-file.ts";

const YES = /^(?:1|y|yes|t|true|on)$/i;
const yes = (value: string | undefined): boolean => value !== undefined && YES.test(value);
/** `full`, `read-only` and the like as well. */
const notNo = (value: string | undefined): boolean => !/^(?:|0|n|no|f|false|off)$/i.test(value ?? "");

/** What keeps a service that runs as root from the rest of the system, and how much each counts. */
const GUARDS: readonly [directive: string, weight: number, set: (value: string | undefined) => boolean][] = [
  ["NoNewPrivileges", 1, yes],
  ["ProtectSystem", 2, notNo],
  ["ProtectHome", 1, notNo],
  ["PrivateTmp", 1, notNo],
  ["PrivateDevices", 1, yes],
  // Empty, it leaves none at all.
  ["CapabilityBoundingSet", 2, (value) => value !== undefined],
];
/** A service that lacks less than this is not worth a line. */
const TOLD_FROM = 3;

/** How the names of those begin that come with NixOS: nobody who deploys could harden them. */
const OWN = [
  ...["systemd-", "nix-", "nixos-", "dbus", "polkit.", "nscd.", "user@", "user-runtime-dir@"],
  ...["getty@", "serial-getty@", "container-getty@", "console-getty.", "autovt@"],
  ...["emergency.", "rescue.", "debug-shell.", "kmod-", "modprobe@", "mount-pstore.", "quotaon", "mdmonitor"],
  ...["firewall.", "nftables.", "network-", "resolvconf.", "rpc-", "ssh.", "ssh@", "sshd.", "sshd@", "sshd-"],
  ...["audit.", "auditd.", "zfs-", "pre-sleep.", "post-resume.", "prepare-kexec."],
];

/** Directives that a service which runs as root lacks; none for one that is not worth a line. */
export function lacking(name: string, unit: UnitFile): string[] {
  const starts = unit.all("ExecStart").length > 0;
  if (
    !starts ||
    OWN.some((begin) => name.startsWith(begin)) ||
    unit.last("Type") === "oneshot" ||
    !isRoot(unit)
  )
    return [];
  const missing = GUARDS.filter(([directive, , set]) => !set(unit.last(directive)));
  const weight = missing.reduce((sum, [, each]) => sum + each, 0);
  return weight < TOLD_FROM ? [] : missing.map(([directive]) => directive);
}

function isRoot(unit: UnitFile): boolean {
  const user = unit.last("User") ?? "";
  return !yes(unit.last("DynamicUser")) && (user === "" || user === "root" || user === "0");
}

/** Services that lack something which they did not lack before. */
export function hardeningFindings(
  before: ReadonlyMap<string, UnitFile>,
  after: ReadonlyMap<string, UnitFile>,
): Finding[] {
  return [...after]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, unit]): Finding[] => {
      const missing = lacking(name, unit);
      const older = before.get(name);
      const known = new Set(older ? lacking(name, older) : []);
      if (missing.every((directive) => known.has(directive))) return [];
      return [
        {
          level: "warning",
          rule: "unit-hardening",
          text: `runs as root without ${missing.join(", ")}`,
          hint: "let it have a user (`DynamicUser=yes`, or `User=`), or set what is missing in its `serviceConfig`",
          at: { file: name },
        },
      ];
    });
}
