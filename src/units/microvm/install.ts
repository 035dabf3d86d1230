import { HomelabError } from "../../errors.ts";
import { addRoot } from "../../nix/build.ts";
import type { Machine } from "../../process/machine.ts";
import { type LinkName, readVmDirs, STATE_DIR, type VmDir } from "./state.ts";

const DEADLINE_MS = 60_000;

/** Where a MicroVM's state is. */
export const directoryOf = (name: string): string => `${STATE_DIR}/${name}`;

/** Keeps a runner that was built until it is put in place. */
export const keepBuilt = (machine: Machine, name: string, runner: string): Promise<void> =>
  link(machine, name, "new", runner);

/**
 * Remembers the runner that was seen ready, and the one before that as `old`. Both are kept from the garbage collector,
 * also when systemd forgets what was booted.
 */
export async function keepGood(
  machine: Machine,
  name: string,
  dir: VmDir | undefined,
  runner: string,
): Promise<void> {
  const { good, refused } = dir?.runners ?? {};
  if (good?.path === runner) return;
  if (good && good.path !== refused?.path) await keepOld(machine, name, good.path);
  await link(machine, name, "good", runner);
}

/**
 * Puts a runner in place for the next start of a MicroVM. What it is gone back to was kept before: see `keepGood`.
 * Throws `refused` when somebody else changed what is in place since `dir` was read.
 */
export async function install(
  machine: Machine,
  name: string,
  { runner, dir }: { readonly runner: string; readonly dir: VmDir | undefined },
): Promise<void> {
  await requireSame(machine, name, dir);
  await link(machine, name, "current", runner);
  await remove(machine, name, ["new", "refused"]);
}

/** Puts an earlier runner in place again. The one that it is taken away from is remembered as `refused`, first. */
export async function putBack(
  machine: Machine,
  name: string,
  { runner, refused }: { readonly runner: string; readonly refused: string },
): Promise<void> {
  const place = `${directoryOf(name)}/refused`;
  await asRoot(machine, ["ln", "--symbolic", "--force", "--no-dereference", refused, place]);
  await link(machine, name, "current", runner);
  await remove(machine, name, ["new"]);
}

/** What was put back does not run either: then nothing is known against the other one. */
export const forgive = (machine: Machine, name: string): Promise<void> => remove(machine, name, ["refused"]);

/** The lock of a run is on its own homelab: another one may change the same MicroVM, from a laptop or by the command. */
export async function requireSame(machine: Machine, name: string, seen: VmDir | undefined): Promise<void> {
  const now = (await readVmDirs(machine)).get(name);
  if (now?.runners.current?.path === seen?.runners.current?.path) return;
  throw new HomelabError(
    "refused",
    `another system was put in place for \`${name}\` on ${machine.name} meanwhile`,
    {
      hint: "somebody else updates it as well: run again",
    },
  );
}

/** Makes a state directory, where it is missing, as `microvm -c` would. */
export async function makeDirectory(
  machine: Machine,
  name: string,
  flake: string | undefined,
  dir: VmDir | undefined,
): Promise<void> {
  if (dir) return;
  const place = directoryOf(name);
  await asRoot(machine, ["install", "--directory", "--mode=0775", "--owner=microvm", "--group=kvm", place]);
  // Without a line end, like `microvm -c`.
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

const link = (machine: Machine, name: string, which: LinkName, runner: string): Promise<void> =>
  addRoot(machine, runner, `${directoryOf(name)}/${which}`, { deadline: DEADLINE_MS, root: true });

const remove = (machine: Machine, name: string, links: readonly LinkName[]): Promise<void> =>
  asRoot(machine, ["rm", "--force", "--", ...links.map((each) => `${directoryOf(name)}/${each}`)]);

/** Runs a program that has nothing to say when it is well. Throws `step-failed` with what it said. */
export async function asRoot(machine: Machine, argv: readonly string[], stdin?: string): Promise<void> {
  const { exitCode, stderr } = await machine.run(argv, { deadline: DEADLINE_MS, root: true, stdin });
  if (exitCode === 0) return;
  const said = stderr.trim().split("\n")[0] || "it said nothing";
  throw new HomelabError("step-failed", `\`${argv.join(" ")}\` failed on ${machine.name}: ${said}`);
}
