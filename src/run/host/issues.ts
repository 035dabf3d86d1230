import { githubOf } from "../../issues/github.ts";
import { newPackages, packagesOf } from "../../issues/package.ts";
import { riskOf, type Scan, scanIssues } from "../../issues/scan.ts";
import type { Step, StepReport } from "../../plan/types.ts";
import { type RunOptions, runSteps } from "../steps.ts";
import type { HostWork } from "./work.ts";

// With a space in it, so that no recipe can be called like that.
const SCAN = "known issues";
const DEADLINE_MS = 60_000;
const KEEP_BYTES = 16 * 1024 * 1024;
/** What the units of a system name of the store. */
const NAMED = `find -L "$0/etc/systemd/system" -type f -exec grep -ohE '/nix/store/[0-9a-z]{32}-[A-Za-z0-9+._?=-]+' {} + | sort -u`;

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

/** Packages that something of a host's new units is of. */
async function inUnits({ machine, system, comparison }: HostWork, signal: AbortSignal): Promise<string[]> {
  if (!comparison || system === undefined) return [];
  const options = { deadline: DEADLINE_MS, signal, keep: KEEP_BYTES, root: true };
  const { stdout } = await machine.run(["sh", "-c", NAMED, system], options);
  return [...packagesOf(stdout.split("\n").filter((line) => line !== ""))];
}

const scanText = (scan: Scan): string => {
  const asked = `${scan.checked.length} of ${scan.checked.length + scan.unchecked.length} packages checked`;
  return `risk: ${riskOf(scan)}; ${asked}`;
};
