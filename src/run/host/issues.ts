import { HomelabError } from "../../errors.ts";
import { githubOf } from "../../issues/github.ts";
import { parseUnits, UNITS_QUESTION } from "../../issues/in-units.ts";
import { newPackages } from "../../issues/package.ts";
import { riskOf, type Scan, scanIssues } from "../../issues/scan.ts";
import type { Step, StepReport } from "../../plan/types.ts";
import { type RunOptions, runSteps } from "../steps.ts";
import type { HostWork } from "./work.ts";

// With a space in it, so that no recipe can be called like that.
const SCAN = "known issues";
const DEADLINE_MS = 60_000;
const KEEP_BYTES = 16 * 1024 * 1024;

export interface ScanRequest extends RunOptions {
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Hosts with what an update would change of them. */
  readonly works: readonly HostWork[];
  /** The day of the nixpkgs that comes. */
  readonly since: string | undefined;
}

/** Looks for issues of nixpkgs about the packages that an update brings to hosts. No scan: that step went wrong. */
export async function scanUpdate(
  request: ScanRequest,
  began: number,
): Promise<{ steps: StepReport[]; scan: Scan | undefined }> {
  let scan: Scan | undefined;
  const { works, env, since, root } = request;
  const github = githubOf(env);
  const reason = { code: "asked", text: "issues of nixpkgs about what comes" };
  const step: Step = { id: SCAN, kind: "task", action: "run", reason, effect: "read", needs: [] };
  const steps = await runSteps(request, {
    plan: { root, targets: [], steps: [step] },
    began,
    needs: new Map(),
    execute: async (_, context) => {
      const units = await Promise.all(works.map((work) => inUnits(work, context.abort)));
      const changes = works.flatMap(({ comparison }) => comparison?.packages ?? []);
      const systems = new Set(works.map(({ recipe }) => `nixos-system-${recipe.name}`));
      const packages = newPackages(changes, new Set(units.flat()), systems);
      const progress = (note: string) => context.progress("verifying", note);
      scan = await scanIssues(packages, { github, since, signal: context.stop, progress });
      const text = scanText(scan);
      return { result: "unchanged", reason: { code: "up-to-date", text }, detail: text };
    },
  });
  return { steps, scan };
}

/** Packages that something of a host's new units is of. Throws where the host does not say all of it. */
async function inUnits({ machine, system, comparison }: HostWork, signal: AbortSignal): Promise<string[]> {
  if (!comparison || system === undefined) return [];
  const options = { deadline: DEADLINE_MS, signal, keep: KEEP_BYTES, root: true };
  const { stdout, stderr, timedOut } = await machine.run(["sh", "-c", UNITS_QUESTION, system], options);
  const packages = parseUnits(stdout);
  if (packages) return [...packages];
  if (signal.aborted) throw new HomelabError("interrupted", "broken off");
  const why = timedOut ? "it took too long" : stderr.trim().split("\n").at(-1) || "it broke off";
  throw new HomelabError("unavailable", `${machine.name} does not say what its new units run: ${why}`);
}

const scanText = (scan: Scan): string => {
  const asked = `${scan.checked.length} of ${scan.checked.length + scan.unchecked.length} packages checked`;
  return `risk: ${riskOf(scan)}; ${asked}`;
};
