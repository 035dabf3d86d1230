import { now } from "../clock.ts";
import { HomelabError } from "../errors.ts";
import type { Plan, RunReport, Step } from "../plan/types.ts";
import { asRoot, directoryOf } from "../units/microvm/install.ts";
import { type Orphan, unitsAtWork } from "../units/microvm/orphans-find.ts";
import { conclude, type RunOptions, runSteps } from "./steps.ts";

/** Links that keep what a MicroVM is made of from the garbage collector. */
const ROOTS = "/nix/var/nix/gcroots/microvm";

export interface PruneRequest extends RunOptions {
  readonly root: string;
  /** Says which may go by now. */
  readonly find: () => Promise<readonly Orphan[]>;
  /** What is in one of them, for people. */
  readonly about: (orphan: Orphan) => string;
}

/** Takes the state directories of orphans away. The caller holds the lock, and has asked. */
export async function pruneVms(request: PruneRequest): Promise<RunReport> {
  const times = { at: Date.now(), began: now() };
  const { root, find, about } = request;
  const orphans = await find();
  const plan = prunePlan(root, orphans, about);
  const byStep = new Map(plan.steps.map(({ id }, index) => [id, orphans[index] as Orphan]));
  const steps = await runSteps(request, {
    plan,
    needs: new Map(),
    began: times.began,
    execute: async (step, context, slots) => {
      context.progress("changing", "removing its state directory");
      await slots.use(() => remove(byStep.get(step.id) as Orphan));
      return { result: "changed", reason: step.reason, detail: `removed: ${step.reason.text}` };
    },
  });
  return conclude(request, root, steps, times);
}

/** One step for each; two of one name on different hosts have the host in it. */
export function prunePlan(root: string, orphans: readonly Orphan[], about: (orphan: Orphan) => string): Plan {
  const names = orphans.map(({ name }) => name);
  const steps = orphans.map((orphan): Step => {
    const { name, machine } = orphan;
    const id = names.filter((each) => each === name).length > 1 ? `${name} on ${machine.name}` : name;
    const reason = { code: "orphan", text: about(orphan) };
    return { id, kind: "microvm", action: "remove", reason, effect: "destroy", needs: [] };
  });
  return { root, targets: [], steps };
}

async function remove({ machine, name }: Orphan): Promise<void> {
  const unit = (await unitsAtWork(machine, [name])).get(name);
  // Somebody may have started it since it was looked at.
  if (unit !== undefined)
    throw new HomelabError("refused", `\`${name}\` runs on ${machine.name}`, {
      hint: `\`sudo systemctl stop ${unit}\` there, if it is not needed`,
    });
  const place = directoryOf(name);
  // What takes its interfaces down is in what goes.
  await asRoot(machine, ["systemctl", "stop", "--", `microvm-*@${name}.service`]);
  await asRoot(machine, ["rm", "--recursive", "--force", "--one-file-system", "--", place]);
  const inside = `${place.replace(/[\\*?[]/g, "\\$&")}/*`;
  await asRoot(machine, ["mkdir", "--parents", "--", ROOTS]);
  await asRoot(machine, ["find", ROOTS, "-maxdepth", "1", "-type", "l", "-lname", inside, "-delete"]);
}
