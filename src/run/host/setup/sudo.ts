import { HomelabError } from "../../../errors.ts";
import type { SshMachine } from "../../../ssh/machine.ts";
import { notHere, ok, type SetupState, type SetupStep, todo } from "../../setup/step.ts";
import type { Entrance } from "./entrance.ts";
import { sudoFile, sudoRule } from "./lines.ts";
import { type HostTarget, LATER, SHORT_MS } from "./target.ts";

/** What keeps a rule from being put in place, by the exit code of the script. */
const REFUSALS: Readonly<Record<number, string>> = {
  31: "/etc/sudoers there reads no files of /etc/sudoers.d",
  32: "there is a file of that name already that homelab did not write",
  33: "visudo does not accept the rule, or the settings that are there",
};

/**
 * Run as root there. sudo reads no file with a dot in its name: until it is renamed, and `visudo` has found it good, the
 * rule is none. Settings that are broken as a whole afterwards are taken back.
 */
const INSTALL = String.raw`
set -eu
PATH=$PATH:/usr/sbin:/sbin
umask 077
file=/etc/sudoers.d/$2
grep -Eq '^[@#]includedir[[:space:]]+/etc/sudoers.d/?[[:space:]]*$' /etc/sudoers || exit 31
if [ -e "$file" ] && ! head -n 1 "$file" | grep -q '^# Written by homelab'; then exit 32; fi
visudo -cq || exit 33
new=$(mktemp /etc/sudoers.d/.homelab.XXXXXX)
trap 'rm -f "$new"' EXIT
trap 'exit 130' INT TERM HUP
printf '# Written by homelab host setup.\n%s\n' "$1" >"$new"
chown 0:0 "$new"
chmod 0440 "$new"
visudo -cqf "$new" || exit 33
mv -f "$new" "$file"
visudo -cq || { rm -f "$file"; exit 33; }
`;

/** How root's rights are had there. */
type Rights = "root" | "free" | "password" | "nixos" | "no sudo";

export async function rightsOn(machine: SshMachine): Promise<Rights> {
  if (await machine.isRoot()) return "root";
  const asked = await machine.run(["sudo", "-n", "true"], { deadline: SHORT_MS, english: true });
  if (asked.exitCode === 0) return "free";
  if (asked.exitCode === 127 || /sudo.*(?:not found|No such file)/.test(asked.stderr)) return "no sudo";
  const { exitCode } = await machine.run(["test", "-e", "/etc/NIXOS"], { deadline: SHORT_MS });
  return exitCode === 0 ? "nixos" : "password";
}

/** Root's rights without a password: what switches a system is run with them, and nobody is there to type one. */
export function sudoStep(target: HostTarget, entrance: Entrance): SetupStep {
  const { host, watched, effective } = target;
  const { user } = effective;
  const rule = sudoRule(user);
  return {
    id: "sudo",
    what: `${user} is root on ${host.name} without a password`,
    root: false,
    async look(): Promise<SetupState> {
      const machine = await entrance.machine();
      if (!machine) return todo(`${LATER}; else a rule for sudo: ${rule}`);
      const rights = await rightsOn(machine);
      if (rights === "root") return ok("the login is root's");
      if (rights === "free") return ok("sudo asks for none");
      if (rights === "no sudo") return notHere("there is no sudo: log in as root (`--user root`)");
      if (rights === "nixos")
        return notHere("sudo asks for one; on NixOS that stands in the configuration, see below");
      return todo(`a rule in /etc/sudoers.d/${sudoFile(user)}: ${rule}`);
    },
    async apply() {
      const by = `\`visudo -f /etc/sudoers.d/${sudoFile(user)}\` as root there, with the line: ${rule}`;
      if (!watched)
        throw new HomelabError("permission", `sudo on ${host.name} asks for the password of ${user}`, {
          hint: `run this on a terminal to type it; or by hand: ${by}`,
        });
      const machine = (await entrance.machine()) ?? target.open;
      const code = await machine.foreground(["sudo", "sh", "-c", INSTALL, "sh", rule, sudoFile(user)]);
      if (code === 0) return;
      const why = REFUSALS[code] ?? `sudo did not run it (exit code ${code})`;
      throw new HomelabError(
        code === 1 ? "permission" : "refused",
        `no rule was put in place on ${host.name}: ${why}`,
        {
          hint: `by hand: ${by}; or log in as root (\`--user root\`)`,
        },
      );
    },
  };
}
