import type { Finding } from "../../../nix/finding.ts";
import type { Machine } from "../../../process/machine.ts";
import { readFiles, readServices } from "../files.ts";
import { hardeningFindings } from "./hardening.ts";
import { iptablesFirewall } from "./iptables.ts";
import { includesOf, nftablesFirewall } from "./nftables.ts";
import { behindOneAnother, type Firewall, type FirewallChange, firewallChange } from "./opening.ts";
import { type UnitFile, unitsOf } from "./unit-file.ts";

/** What of a system is looked at. */
interface Audited {
  readonly units: ReadonlyMap<string, UnitFile>;
  readonly firewall: Firewall;
}

export interface Audit {
  readonly findings: readonly Finding[];
  readonly firewall: FirewallChange;
}

/** A system, and the machine in whose store it is. */
export interface At {
  readonly machine: Machine;
  readonly system: string;
}

/** What a new system lets in or leaves open that the one before it did not. */
export async function auditSystems(before: At, after: At, signal: AbortSignal): Promise<Audit> {
  const [older, newer] = await Promise.all([readAudited(before, signal), readAudited(after, signal)]);
  const firewall = firewallChange(older.firewall, newer.firewall);
  const findings = [...hardeningFindings(older.units, newer.units), ...firewallFindings(firewall)];
  return { findings, firewall };
}

/** What is better known of a change of the firewall. */
export function firewallFindings({ opens, switched }: FirewallChange): Finding[] {
  const warning = { level: "warning", at: { file: "firewall" } } as const;
  const off: Finding = {
    ...warning,
    rule: "firewall-off",
    text: "is switched off: all ports are open to everybody",
    hint: "set `networking.firewall.enable = true`",
  };
  const opened = opens.map(
    (what): Finding => ({
      ...warning,
      rule: "firewall-open-port",
      text: `opens ${what}`,
      hint: "bind the service to one address, or open it on one interface (`networking.firewall.interfaces`)",
    }),
  );
  return switched === "off" ? [off, ...opened] : opened;
}

async function readAudited({ machine, system }: At, signal: AbortSignal): Promise<Audited> {
  const units = unitsOf(await readServices(machine, system, { signal }));
  return { units, firewall: await readFirewall(machine, units, signal) };
}

/** The rules are in what the services of a firewall start, and in what that takes in. */
async function readFirewall(
  machine: Machine,
  units: ReadonlyMap<string, UnitFile>,
  signal: AbortSignal,
): Promise<Firewall> {
  const read = async (paths: readonly string[]) => [
    ...(await readFiles(machine, paths, { signal })).values(),
  ];
  const script = (await read(startedBy(units.get("firewall.service")))).join("\n");
  const rules = (await read(startedBy(units.get("nftables.service")))).join("\n");
  const included = await read(includesOf(rules).filter(inStore));
  return behindOneAnother(iptablesFirewall(script), nftablesFirewall([rules, ...included].join("\n")));
}

const inStore = (path: string): boolean => path.startsWith("/nix/store/");

/** Files of the store that a service's programs are, or are given. */
const startedBy = (unit: UnitFile | undefined): string[] =>
  (unit?.all("ExecStart") ?? []).flatMap((line) =>
    line
      .split(/\s+/)
      .map((word) => word.replace(/^[@:+!|-]+/, "").replace(/^"(.*)"$/, "$1"))
      .filter(inStore),
  );
