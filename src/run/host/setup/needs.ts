import { notHere, ok, type SetupStep } from "../../setup/step.ts";
import type { Entrance } from "./entrance.ts";
import { type HostTarget, LATER, SHORT_MS } from "./target.ts";

/** Line by line: what it is, Nix, systemd, who we are. */
const QUESTION = String.raw`
exec 2>/dev/null
export LC_ALL=C PATH="$PATH:/run/current-system/sw/bin:/nix/var/nix/profiles/default/bin:/usr/sbin:/usr/bin:/sbin:/bin"
line() { printf '%s\n' "$1" | head -n 1; }
if [ -e /etc/NIXOS ]; then line nixos; else line other; fi
line "$(. /etc/os-release && printf %s "$PRETTY_NAME")"
line "$(nix --version)"
line "$(systemctl is-system-running)"
line "$(id -un) ($(id -u))"
`;

export interface Needs {
  readonly nixos: boolean;
  readonly os: string;
  readonly nix: string;
  readonly systemd: string;
  readonly login: string;
}

export function parseNeeds(text: string): Needs {
  const [kind, os = "", nix = "", systemd = "", login = ""] = text.split("\n");
  return { nixos: kind === "nixos", os, nix, systemd, login };
}

/** What is missing there, in words; empty when nothing is. */
export const missingOf = ({ nix, systemd }: Pick<Needs, "nix" | "systemd">): string[] => [
  ...(nix === "" ? ["there is no Nix: install NixOS, or Nix, on it"] : []),
  ...(/^(?:|offline|unknown)$/.test(systemd) ? ["it does not run systemd"] : []),
];

export async function askNeeds(entrance: Entrance): Promise<Needs | undefined> {
  const machine = await entrance.machine();
  if (!machine) return undefined;
  const { stdout } = await machine.run(["sh", "-c", QUESTION], { deadline: SHORT_MS });
  return parseNeeds(stdout);
}

/** What homelab stands on there. Nothing of it is installed from here. */
export function needsStep({ host }: HostTarget, entrance: Entrance): SetupStep {
  return {
    id: "needs",
    what: `${host.name} has what homelab needs`,
    root: false,
    async look() {
      const needs = await askNeeds(entrance);
      if (!needs) return notHere(LATER);
      const missing = missingOf(needs);
      const has = [needs.os, needs.nix, `systemd ${needs.systemd}`, needs.login].filter(
        (each) => each !== "",
      );
      return missing.length > 0 ? notHere(missing.join("; ")) : ok(has.join(", "));
    },
    async apply() {},
  };
}
