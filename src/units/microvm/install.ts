import { HomelabError } from "../../errors.ts";
import { addRoot } from "../../nix/build.ts";
import type { Machine } from "../../process/machine.ts";
import { STATE_DIR, type VmDir } from "./state.ts";

const DEADLINE_MS = 60_000;

/** Where a MicroVM's state is. */
export const directoryOf = (name: string): string => `${STATE_DIR}/${name}`;

/** Keeps a runner that was built until it is put in place. */
export const keepBuilt = (machine: Machine, name: string, runner: string): Promise<void> =>
  link(machine, name, "new", runner);

/**
 * Puts a runner in place for the next start of a MicroVM, and keeps the one before as `old`. Makes the state directory
 * of one that has none, as the `microvm` command would.
 */
export async function install(
  machine: Machine,
  name: string,
  {
    runner,
    flake,
    dir,
  }: { readonly runner: string; readonly flake: string | undefined; readonly dir: VmDir | undefined },
): Promise<void> {
  await makeDirectory(machine, name, flake, dir);
  const before = dir?.runners.current?.path;
  if (before !== undefined && before !== runner) await keepOld(machine, name, before);
  await link(machine, name, "current", runner);
  await remove(machine, name, ["new", "refused"]);
}

/** Puts the runner before in place again. The one that it is taken away from is remembered as `refused`. */
export async function putBack(
  machine: Machine,
  name: string,
  { runner, refused }: { readonly runner: string; readonly refused: string },
): Promise<void> {
  await link(machine, name, "current", runner);
  await asRoot(machine, [
    "ln",
    "--symbolic",
    "--force",
    "--no-dereference",
    refused,
    `${directoryOf(name)}/refused`,
  ]);
  await remove(machine, name, ["new", "old"]);
}

/** Makes a state directory, where it is missing. */
export async function makeDirectory(
  machine: Machine,
  name: string,
  flake: string | undefined,
  dir: VmDir | undefined,
): Promise<void> {
  if (dir) return;
  const place = directoryOf(name);
  await asRoot(machine, ["install", "--directory", "--mode=0775", "--owner=microvm", "--group=kvm", place]);
  // Like `microvm -c`: without a line end.
  if (flake !== undefined) await asRoot(machine, ["dd", "status=none", `of=${place}/flake`], flake);
}

/** The flake that a MicroVM was made from. */
export async function readFlake(machine: Machine, name: string): Promise<string> {
  const { exitCode, stdout, stderr } = await machine.run(["cat", "--", `${directoryOf(name)}/flake`], {
    deadline: DEADLINE_MS,
  });
  if (exitCode === 0 && stdout.trim() !== "") return stdout.trim();
  const said = stderr.trim().split("\n")[0] || "it is empty";
  throw new HomelabError("refused", `${directoryOf(name)}/flake on ${machine.name} cannot be used: ${said}`, {
    hint: "it says which flake the MicroVM is built from",
  });
}

async function keepOld(machine: Machine, name: string, runner: string): Promise<void> {
  try {
    await link(machine, name, "old", runner);
  } catch (error) {
    // The garbage collector took it: then there is nothing to go back to, and no reason not to go on.
    if (!(error instanceof HomelabError) || error.code !== "step-failed") throw error;
    await remove(machine, name, ["old"]);
  }
}

const link = (machine: Machine, name: string, which: string, runner: string): Promise<void> =>
  addRoot(machine, runner, `${directoryOf(name)}/${which}`, { deadline: DEADLINE_MS, root: true });

const remove = (machine: Machine, name: string, links: readonly string[]): Promise<void> =>
  asRoot(machine, ["rm", "--force", "--", ...links.map((each) => `${directoryOf(name)}/${each}`)]);

/** Runs a program that has nothing to say when it is well. Throws `step-failed` with what it said. */
export async function asRoot(machine: Machine, argv: readonly string[], stdin?: string): Promise<void> {
  const { exitCode, stderr } = await machine.run(argv, { deadline: DEADLINE_MS, root: true, stdin });
  if (exitCode === 0) return;
  const said = stderr.trim().split("\n")[0] || "it said nothing";
  throw new HomelabError("step-failed", `\`${argv.join(" ")}\` failed on ${machine.name}: ${said}`);
}
