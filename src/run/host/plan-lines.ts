import { findingLine } from "../../nix/finding.ts";
import { blockedText } from "../../units/host/blockers.ts";
import { comparisonLines } from "../../units/host/compare.ts";
import type { HostWork } from "./work.ts";

/** What a new system changes on a host, in lines for people, and last what is better known before that. */
export function planLines({
  comparison,
  firewall,
  blockers = [],
  findings,
}: Pick<HostWork, "comparison" | "firewall" | "blockers" | "findings">): string[] {
  const blocked = blockedText(blockers);
  const { closes = [], switched } = firewall ?? {};
  return [
    ...(comparison ? comparisonLines(comparison) : []),
    ...(closes.length > 0 ? [`the firewall closes ${closes.join(", ")}`] : []),
    ...(switched === "on" ? ["the firewall is switched on"] : []),
    ...(blocked === undefined ? [] : [`it ${blocked}`]),
    ...findings.map((finding) => `${finding.level}: ${findingLine(finding)}`),
  ];
}
