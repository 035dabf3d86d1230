import { join } from "node:path";
import { nearest } from "../../book/nearest.ts";
import { HomelabError } from "../../errors.ts";
import { startGit } from "../../git/call.ts";
import { gitDirectory } from "../../git/head.ts";
import type { NixOptions } from "../../nix/call.ts";
import { configuredSystem } from "../../nix/flake.ts";
import { type InputMove, isNixpkgs, type LockedInput, lockMoves, readLock } from "../../nix/lock.ts";
import { lockOf, lockText, replaceLock } from "../../nix/lock-file.ts";
import { newLock } from "../../nix/update.ts";
import type { Step, StepReport } from "../../plan/types.ts";
import type { Machine } from "../../process/machine.ts";
import type { StepContext } from "../../units/driver.ts";
import { isGood, type Outcome } from "../schedule.ts";
import { failed, type RunOptions, runSteps } from "../steps.ts";
import { reasonOf } from "./build.ts";

// With a space in them, so that no recipe can be called like that.
const LOOK = "flake update";
/** The step that replaces flake.lock. */
export const WRITE = "flake lock";

export interface LookRequest extends RunOptions {
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The flake's directory, on this machine. */
  readonly flake: string;
  readonly here: Machine;
  /** Names of inputs; all, when there are none. */
  readonly inputs: readonly string[];
  /** A directory that nobody else uses. */
  readonly place: string;
}

/** What newer inputs of a flake come to; the flake itself is as it was. */
export interface FlakeUpdate {
  /** The new lock file. */
  readonly file: string;
  /** The text of the flake's own; undefined where there is none. */
  readonly before: string | undefined;
  readonly after: string;
  readonly moves: readonly InputMove[];
  /** The day of the oldest nixpkgs in it: `2026-11-01`. */
  readonly since: string | undefined;
}

/**
 * Looks for newer inputs of a flake, and writes a new lock file beside it; meanwhile the systems of `hosts` are evaluated
 * as they are now: what is wrong with them anyway is no fault of an input.
 */
export async function lookForUpdates(
  request: LookRequest,
  began: number,
  hosts: readonly string[] = [],
): Promise<{ steps: StepReport[]; update: FlakeUpdate | undefined }> {
  let update: FlakeUpdate | undefined;
  const evaluations = new Map(hosts.map((name) => [`evaluate ${name}`, name]));
  const inputs = request.inputs.length > 0 ? request.inputs.join(", ") : "all inputs";
  const steps = [
    stepOf(LOOK, `what is newer of ${inputs}`, "read"),
    ...[...evaluations.keys()].map((id) => stepOf(id, "whether its configuration is right as it is", "read")),
  ];
  const reports = await runSteps(request, {
    plan: { root: request.root, targets: [], steps },
    began,
    needs: new Map(),
    execute: (step, context, slots) =>
      slots.use(async () => {
        const name = evaluations.get(step.id);
        const options = optionsOf(context);
        if (name !== undefined) return evaluate(request, name, context, options);
        const found = await look(request, options);
        if ("code" in found) return failed({ ...found, reason: reasonOf(found) }, request.stop, context);
        update = found;
        const { moves } = found;
        return settled(
          moves.length === 0 ? "no input moved" : `newer: ${moves.map(({ input }) => input).join(", ")}`,
        );
      }),
  });
  return { steps: reports, update: reports.every(({ result }) => isGood(result)) ? update : undefined };
}

const stepOf = (id: string, text: string, effect: Step["effect"]): Step => ({
  id,
  kind: "task",
  action: "run",
  reason: { code: "asked", text },
  effect,
  needs: [],
});

const settled = (text: string): Outcome => ({
  result: "unchanged",
  reason: { code: "up-to-date", text },
  detail: text,
});

const optionsOf = (context: StepContext): NixOptions => ({
  deadline: context.remaining(),
  signal: context.abort,
  progress: (note) => context.progress("changing", note),
});

async function look({ here, flake, inputs, place }: LookRequest, options: NixOptions) {
  const before = lockText(flake);
  const old = before === undefined ? new Map<string, LockedInput>() : readLock(before, lockOf(flake));
  const file = join(place, "flake.lock");
  const found = await newLock(here, { ...options, flake, inputs, output: file });
  if (!found.ok) return found;
  const after = readLock(found.text, file);
  const [unknown] = found.unknown;
  if (unknown !== undefined) throw noInput(unknown, [...after.keys()]);
  const days = [...after.values()]
    .filter(isNixpkgs)
    .flatMap((each) => ("modified" in each && each.modified !== undefined ? [each.modified] : []));
  const since = days.length === 0 ? undefined : new Date(Math.min(...days)).toISOString().slice(0, 10);
  return { file, before, after: found.text, moves: lockMoves(old, after), since };
}

function noInput(name: string, known: readonly string[]): HomelabError {
  const close = nearest(name, known);
  const own = known.filter((each) => !each.includes("/"));
  const all = own.length > 0 ? `it has ${own.join(", ")}` : "it has none at all";
  return new HomelabError("usage", `the flake has no input \`${name}\``, {
    hint: close ? `did you mean \`${close}\`?` : all,
  });
}

async function evaluate(
  { here, flake, stop }: LookRequest,
  name: string,
  context: StepContext,
  options: NixOptions,
): Promise<Outcome> {
  const found = await configuredSystem(here, flake, name, options);
  if (found.ok) return settled("it can be evaluated");
  return failed({ ...found, reason: reasonOf(found) }, stop, context);
}

/** Puts the new lock file in the place of the old one, where something moved. */
export async function writeUpdate(
  request: LookRequest,
  { before, after, moves }: FlakeUpdate,
  began: number,
): Promise<StepReport[]> {
  if (moves.length === 0) return [];
  const { root, flake, env } = request;
  const what = `${moves.length === 1 ? "1 input" : `${moves.length} inputs`} moved`;
  const text = before === undefined ? what : `${what}; the old one is flake.lock.backup`;
  return runSteps(request, {
    plan: { root, targets: [], steps: [stepOf(WRITE, text, "write")] },
    began,
    needs: new Map(),
    execute: async (step) => {
      replaceLock(flake, before, after);
      // A flake in a repository has only the files that git knows. What makes git refuse, Nix tells of as well.
      if (before === undefined && gitDirectory(flake))
        await startGit(flake, ["add", "--intent-to-add", "--", "flake.lock"], { env });
      return { result: "changed", reason: step.reason, detail: text };
    },
  });
}

/** Throws when a word can be no name of an input: Nix would take it for something else. */
export function checkInputs(inputs: readonly string[]): void {
  const wrong = inputs.find((each) => !/^[A-Za-z_][\w'-]*(?:\/[A-Za-z_][\w'-]*)*$/.test(each));
  if (wrong === undefined) return;
  throw new HomelabError("usage", `\`${wrong}\` is no name of an input`, {
    hint: "inputs are named as in flake.nix: `homelab update flake nixpkgs home-manager`",
  });
}
