import { findingLine } from "../../nix/finding.ts";
import { auditSystems } from "../../units/host/audit/audit.ts";
import { type DoPhase, settled } from "./phase.ts";

/** What the built system lets in or leaves open that the running one does not. */
export const audit: DoPhase = async (work, { context }) => {
  const { machine, state, system, place } = work;
  if (!state || system === undefined || state.system === system)
    return settled("up-to-date", "its units are those that run");
  context.progress("verifying", "reads its units and its firewall");
  const built = { machine: place?.on ?? machine, system };
  const { findings, firewall } = await auditSystems({ machine, system: state.system }, built, context.abort);
  work.firewall = firewall;
  work.findings.push(...findings);
  const count = findings.length === 1 ? "1 warning" : `${findings.length || "no"} warnings`;
  return settled("audited", `${count} of its units and its firewall`, findings.map(findingLine));
};
