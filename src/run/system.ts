import { existsSync } from "node:fs";
import { now } from "../clock.ts";
import { HomelabError } from "../errors.ts";
import { headRevision } from "../git/head.ts";
import { differs } from "../git/repository.ts";
import { isNixos, rebuild, rebuildCommand, rootPrefix, SYSTEM_PATHS } from "../nix/rebuild.ts";
import type { Plan, Reason, RunReport, Step } from "../plan/types.ts";
import type { Store } from "../store/store.ts";
import { recordSystem, systemRevision } from "../store/system.ts";
import type { StepContext } from "../units/driver.ts";
import type { Outcome } from "./schedule.ts";
import { conclude, failed, type RunOptions, runSteps } from "./steps.ts";
import type { StopSwitch } from "./stop.ts";

/** With a hyphen in its own name, and a host: no recipe of this kind can be called like that. */
export const SYSTEM = "nixos-rebuild";

export interface SystemRequest {
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly store: Store;
  readonly stop: StopSwitch;
  /** Switch the system: when its configuration changed since the last time (and this is NixOS), always, or not. */
  readonly system: "changed" | "always" | "skip";
}

/** The step that switches the system; none where there is nothing to switch. */
export function systemSteps({ system }: Pick<SystemRequest, "system">): Step[] {
  const reason = { code: "asked", text: "the system's configuration" };
  const wanted = system === "always" || (system === "changed" && isNixos());
  return wanted ? [{ id: SYSTEM, kind: "host", action: "activate", reason, effect: "write", needs: [] }] : [];
}

/** Switches the system to the configuration as it is in the repository, where that changed. */
export async function switchSystem(request: SystemRequest, context: StepContext): Promise<Outcome> {
  const { root, env, store } = request;
  if (!isNixos()) {
    throw new HomelabError(
      "unsupported",
      "this machine does not run NixOS, so there is no system to update",
      {
        hint: "`homelab update-services` deploys the services alone",
      },
    );
  }
  const why = await whySwitch(request);
  if (!why) {
    const text = "the system's configuration did not change";
    return { result: "unchanged", reason: { code: "up-to-date", text }, detail: text };
  }
  const argv = rebuildCommand({ root, exists: existsSync }, { rollback: false });
  const hint = `try it by hand: \`${argv.join(" ")}\`; the services were left as they are`;
  const head = headRevision(root);
  const outcome = await runRebuild(argv, { ...request, env, hint }, context);
  if (outcome.result === "changed" && head) recordSystem(store, root, head, Date.now());
  return outcome;
}

/** What going back to the generation before comes to. */
export function systemRollbackPlan(root: string): Plan {
  const argv = rebuildCommand({ root, exists: existsSync }, { rollback: true });
  const reason = { code: "asked", text: `\`${argv.join(" ")}\`: asked for with \`rollback\`` };
  const step: Step = { id: SYSTEM, kind: "host", action: "rollback", reason, effect: "write", needs: [] };
  return { root, targets: [], steps: [step] };
}

/** Puts the system back to the generation before. The caller holds the lock. */
export async function rollbackSystem(
  request: RunOptions & Pick<SystemRequest, "root" | "env">,
): Promise<RunReport> {
  const times = { at: Date.now(), began: now() };
  const { root, store } = request;
  const argv = rebuildCommand({ root, exists: existsSync }, { rollback: true });
  const hint = `try it by hand: \`${argv.join(" ")}\``;
  const steps = await runSteps(request, {
    plan: systemRollbackPlan(root),
    needs: new Map(),
    began: times.began,
    execute: async (step, context) => {
      const outcome = await runRebuild(argv, { ...request, hint }, context);
      if (outcome.result !== "changed") return outcome;
      // What it was put back from is not switched to again by the next run: only when the configuration changes.
      const head = headRevision(root);
      if (head) recordSystem(store, root, head, Date.now());
      return { ...outcome, reason: { ...step.reason, text: "asked for with `rollback`" } };
    },
  });
  return conclude(request, root, steps, times);
}

/** Runs `nixos-rebuild` with these words, as root. */
async function runRebuild(
  argv: readonly string[],
  { env, stop, hint }: Pick<SystemRequest, "env" | "stop"> & { readonly hint: string },
  context: StepContext,
): Promise<Outcome> {
  const prefix = await rootPrefix(process.getuid?.(), env);
  context.progress("changing", argv.join(" "));
  const { ok, code, detail, log } = await rebuild([...prefix, ...argv], {
    env,
    deadline: context.remaining(),
    signal: context.abort,
    onStuck: () => context.progress("changing", "it runs as root, cannot be broken off, and is waited for"),
  });
  const reason = { code, text: detail };
  if (ok) return { result: "changed", reason, detail };
  return failed({ ok, reason, detail, log, hint }, stop, context);
}

/** The step as it would be done with the repository as it is, or as a pull may make it. Changes nothing. */
export async function previewSystem(
  request: Omit<SystemRequest, "stop"> & { readonly pull: boolean },
): Promise<Step[]> {
  const command = rebuildCommand({ root: request.root, exists: existsSync }, { rollback: false }).join(" ");
  const why = await whySwitch(request);
  const plan = (step: Step): Step => {
    if (why || request.pull) {
      const text = why?.text ?? "if the pull changes its configuration";
      return { ...step, reason: { code: why?.code ?? "may-change", text: `\`${command}\`: ${text}` } };
    }
    const reason = { code: "up-to-date", text: "the system's configuration did not change" };
    return { ...step, action: "none", reason, effect: "read" };
  };
  return systemSteps(request).map(plan);
}

/** Why the system is to be switched; undefined when its configuration is the one that it was switched to. */
async function whySwitch({
  root,
  env,
  store,
  system,
}: Omit<SystemRequest, "stop">): Promise<Reason | undefined> {
  if (system === "always") return { code: "asked", text: "asked for" };
  const head = headRevision(root);
  const last = systemRevision(store, root);
  if (!head || !last) return { code: "unknown", text: "homelab has not switched it yet" };
  if (!(await differs(root, last, head, SYSTEM_PATHS, { env }))) return undefined;
  return { code: "changed", text: "its configuration changed since it was switched" };
}
