import { HomelabError } from "../../errors.ts";
import { type Finding, findingLine } from "../../nix/finding.ts";
import { type Audit, auditSystems } from "../../units/host/audit/audit.ts";
import { type DoPhase, settled } from "./phase.ts";

/** What the built system lets in or leaves open that the running one does not. */
export const audit: DoPhase = async (work, { context }) => {
  const { machine, state, system, place } = work;
  if (!state || system === undefined || state.system === system)
    return settled("up-to-date", "its units are those that run");
  context.progress("verifying", "reads its units and its firewall");
  const built = { machine: place?.on ?? machine, system };
  const audited = await attempt(() => auditSystems({ machine, system: state.system }, built, context.abort));
  if ("level" in audited) {
    work.findings.push(audited);
    return settled("not-audited", audited.text, [findingLine(audited)]);
  }
  const { findings, firewall } = audited;
  work.firewall = firewall;
  work.findings.push(...findings);
  const count = findings.length === 1 ? "1 warning" : `${findings.length || "no"} warnings`;
  return settled("audited", `${count} of its units and its firewall`, findings.map(findingLine));
};

/** It only advises: what cannot be read of a system is told, and keeps nobody from deploying it. */
async function attempt(read: () => Promise<Audit>): Promise<Audit | Finding> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof HomelabError) || error.code !== "unavailable") throw error;
    return { level: "warning", rule: "not-audited", text: `not audited: ${error.message}`, hint: error.hint };
  }
}
