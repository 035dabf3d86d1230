import { type Finding, findingLine } from "../../nix/finding.ts";
import { lintSources } from "../../nix/lint/sources.ts";
import type { Step } from "../../plan/types.ts";
import { recentRuns } from "../../store/runs.ts";
import type { StepContext } from "../../units/driver.ts";
import type { Outcome } from "../schedule.ts";
import { checks } from "./modes.ts";
import { settled } from "./phase.ts";
import type { HostRequest } from "./work.ts";

/** Id of the one step that looks at the sources of all hosts; it has a space, as those of their phases. */
export const LINT = "lint sources";
/** How far back the last deploy of a host is looked for. */
const RUNS = 100;

export const lintStep = (): Step => ({
  id: LINT,
  kind: "host",
  action: "run",
  reason: { code: "asked", text: "whether what changed in the configurations is right" },
  effect: "read",
  needs: [],
});

/**
 * The Nix files that changed since the hosts were deployed last: their syntax, and unless the mode leaves that out,
 * what the rules and linters say. An error keeps all from being evaluated; whoever only looks is told of it.
 */
export async function lintFlake(request: HostRequest, context: StepContext): Promise<Outcome> {
  const { here, flake, root, env, mode = "standard", goal } = request;
  context.progress("verifying", "reads what changed");
  const { findings, files, skipped } = await lintSources({
    ...{ here, flake, scope: root, env, only: "changed", since: lastDeployed(request) },
    rules: checks(mode, "rules"),
    signal: context.abort,
    deadline: context.remaining(),
  });
  const errors = findings.filter(({ level }) => level === "error");
  const warnings = findings.filter(({ level }) => level === "warning").map(findingLine);
  const [first, ...others] = errors;
  if (!first) return settled("checked", counted(files, skipped), warnings);
  if (goal === undefined)
    return settled("checked", counted(files, skipped), [...errors.map(findingLine), ...warnings]);
  return refusal(first, others, warnings);
}

function counted(files: number, skipped: string | undefined): string {
  const text =
    files === 0 ? "no Nix file changed" : `${files === 1 ? "1 Nix file" : `${files} Nix files`} that changed`;
  return skipped === undefined ? text : `${text}; ${skipped}`;
}

function refusal(first: Finding, others: readonly Finding[], warnings: readonly string[]): Outcome {
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  const text = `${findingLine(first)}${more}`;
  return {
    result: "failed",
    reason: { code: "recipe-invalid", text },
    detail: text,
    hint: first.hint ?? "`homelab lint --changed` shows where; nothing was built",
    log: others.map(findingLine),
    ...(warnings.length > 0 ? { warnings } : {}),
  };
}

/** The commit of the last run that switched one of the hosts; undefined when none is known. */
function lastDeployed({ store, root, works }: HostRequest): string | undefined {
  const names = new Set(works.map(({ recipe }) => recipe.name));
  const run = recentRuns(store, root, RUNS).find(({ report }) =>
    report.steps.some(
      ({ id, action, result }) => names.has(id) && action === "activate" && result === "changed",
    ),
  );
  return run?.origin?.revision;
}
