import type { HostRecipe } from "../../book/types.ts";
import { now } from "../../clock.ts";
import { HomelabError } from "../../errors.ts";
import { type Generations, readGenerations } from "../../hosts/generations.ts";
import { type Sorted, sortGenerations, unsaidOf } from "../../hosts/old-generations.ts";
import { collectGarbage } from "../../nix/garbage.ts";
import type { RunReport, Step } from "../../plan/types.ts";
import type { Machine } from "../../process/machine.ts";
import type { Outcome } from "../schedule.ts";
import { conclude, problemOutcome, type RunOptions, runSteps } from "../steps.ts";

const SHORT_MS = 60_000;
const PROFILE = "/nix/var/nix/profiles/system";

/** Nothing is removed while somebody switches the host; what boots is never among what is removed. */
const REMOVE = `
if [ -e /run/homelab/lock ] && ! flock -n /run/homelab/lock true; then exit 75; fi
exec nix-env --profile ${PROFILE} --delete-generations "$@"
`;
/** The menu of what can be booted would go on naming what is gone. What boots by default stays as it is. */
const MENU = `new=${PROFILE}/bin/switch-to-configuration; if [ -x "$new" ]; then exec "$new" boot; fi`;

/** A machine with a store, and the generations of its system that nothing needs any more. */
export interface Collecting {
  readonly recipe: Pick<HostRecipe, "name">;
  readonly machine: Machine;
}

/**
 * Looks which generations of a machine's system may go; none where it has no generations at all. Throws `unsupported`
 * where that cannot be told.
 */
export async function oldGenerations({ machine }: Collecting, before: number | undefined): Promise<Sorted> {
  let generations: Generations;
  try {
    generations = await readGenerations(machine);
  } catch (error) {
    if (error instanceof HomelabError && error.code === "unsupported") return { old: [], kept: [] };
    throw error;
  }
  const unsaid = unsaidOf(generations);
  if (unsaid === undefined) return sortGenerations(generations.list, before);
  throw new HomelabError("unsupported", `${machine.name} does not say ${unsaid}`, {
    hint: "nothing is removed where it is not known what is needed",
  });
}

/** How many paths of a store nothing needs now, as it is. */
export async function deadPaths({ machine }: Collecting): Promise<number> {
  const argv = ["env", "LC_ALL=C", "nix-store", "--gc", "--print-dead"];
  const { exitCode, stdout, stderr } = await machine.run(argv, {
    ...{ root: true, deadline: 10 * SHORT_MS, keep: 64 * 1024 * 1024 },
  });
  if (exitCode === 0) return stdout.split("\n").filter((line) => line.startsWith("/")).length;
  throw storeTrouble(machine, stderr);
}

export interface CollectRequest extends RunOptions {
  readonly root: string;
  readonly works: readonly (Collecting & { readonly sorted: Sorted })[];
}

/** Removes old generations and what only they needed, on all machines at once. The caller holds the lock. */
export async function collectAll(request: CollectRequest): Promise<RunReport> {
  const times = { at: Date.now(), began: now() };
  const { works, root } = request;
  const steps = works.map(
    ({ recipe }): Step => ({
      ...{ id: `gc ${recipe.name}`, kind: "host", action: "remove", effect: "destroy", needs: [] },
      reason: { code: "asked", text: "what nothing needs any more" },
    }),
  );
  const reports = await runSteps(request, {
    plan: { root, targets: works.map(({ recipe }) => recipe.name), steps },
    began: times.began,
    needs: new Map(),
    execute: async (step, context, slots) => {
      const work = works[steps.indexOf(step)];
      if (!work) throw new Error(`no machine for ${step.id}`);
      return await slots.use(() =>
        collect(work, {
          signal: context.abort,
          deadline: Math.max(1, context.remaining()),
          progress: (note) => context.progress("changing", note),
        }),
      );
    },
  });
  return conclude(request, root, reports, times);
}

interface How {
  readonly signal: AbortSignal;
  readonly deadline: number;
  readonly progress: (note: string) => void;
}

async function collect(
  { machine, sorted: { old } }: CollectRequest["works"][number],
  how: How,
): Promise<Outcome> {
  const options = { root: true, signal: how.signal, deadline: how.deadline };
  if (old.length > 0) {
    how.progress(`removes ${generationsText(old.length)}`);
    const argv = ["sh", "-c", REMOVE, "sh", ...old.map(({ number }) => String(number))];
    const { exitCode, stderr } = await machine.run(argv, options);
    if (exitCode === 75)
      return problemOutcome(
        new HomelabError("lock-held", `${machine.name} is being switched`, { hint: "try again after that" }),
      );
    if (exitCode !== 0) return problemOutcome(storeTrouble(machine, stderr));
    how.progress("makes the boot menu anew");
    const menu = await machine.run(["sh", "-c", MENU], options);
    if (menu.exitCode !== 0)
      return problemOutcome(
        new HomelabError(
          "step-failed",
          `${generationsText(old.length)} removed, and the boot menu still names them`,
          {
            hint: `run \`sudo ${PROFILE}/bin/switch-to-configuration boot\` there, and see what it says`,
          },
        ),
      );
  }
  how.progress("collects garbage");
  const collected = await collectGarbage(machine, options);
  if (!collected.ok && how.signal.aborted)
    throw new HomelabError("interrupted", `the store of ${machine.name} was not gone through to the end`);
  if (!collected.ok) return problemOutcome(storeTrouble(machine, collected.said));
  const { paths, freed } = collected;
  const text = `${old.length > 0 ? `${generationsText(old.length)} removed, ` : ""}${paths} paths, ${freed} freed`;
  const result = paths === 0 && old.length === 0 ? "unchanged" : "changed";
  return { result, reason: { code: "asked", text }, detail: text };
}

export const generationsText = (count: number): string =>
  `${count} ${count === 1 ? "generation" : "generations"}`;

function storeTrouble({ name }: Machine, said: string): HomelabError {
  if (/No such file or directory|not found/.test(said))
    return new HomelabError("unavailable", `there is no Nix on ${name}`, {
      hint: "garbage is collected in stores of Nix only",
    });
  const last =
    said
      .trim()
      .split("\n")
      .at(-1)
      ?.replace(/^error: /, "") || "it did not say why";
  return new HomelabError("step-failed", `the store of ${name} was not cleaned: ${last}`, {
    hint: "try `sudo nix-collect-garbage` there",
  });
}
