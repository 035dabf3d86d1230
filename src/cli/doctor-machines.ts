import type { Book, MicrovmRecipe, Recipe, UnitRecipe } from "../book/types.ts";
import { HomelabError } from "../errors.ts";
import type { Machine } from "../process/machine.ts";
import { Machines } from "../ssh/machines.ts";
import { askSystemd, systemdTrouble } from "../systemd/show.ts";
import { readVmDirs } from "../units/microvm/state.ts";
import type { Context } from "./context.ts";
import type { Finding } from "./doctor.ts";

const DEADLINE_MS = 10_000;

/** What units and MicroVMs stand on, for each machine that the recipes name: ssh, systemd, microvm.nix, Nix, KVM. */
export async function checkMachines({ env }: Context, book: Book): Promise<Finding[]> {
  const recipes = [...book.recipes.values()].filter(isOfSystemd);
  if (recipes.length === 0) return [];
  const machines = new Machines(book, env);
  const found: Finding[] = [];
  for (const [host, there] of Map.groupBy(recipes, hostOf)) {
    try {
      found.push(...(await checkMachine(machines.of(host), there)));
    } catch (error) {
      if (!(error instanceof HomelabError)) throw error;
      const check = host === undefined ? "systemd" : `host ${host}`;
      found.push({ check, verdict: "problem", text: error.message, hint: error.hint });
    }
  }
  return found;
}

const isOfSystemd = (recipe: Recipe): recipe is UnitRecipe | MicrovmRecipe =>
  recipe.kind === "unit" || recipe.kind === "microvm";

const hostOf = (recipe: UnitRecipe | MicrovmRecipe): string | undefined =>
  recipe.kind === "microvm" ? recipe.host : undefined;

async function checkMachine(machine: Machine, recipes: readonly Recipe[]): Promise<Finding[]> {
  const where = machine.remote ? ` on ${machine.name}` : "";
  const state = await askSystemd(machine, ["is-system-running"]);
  const word = state.stdout.trim();
  if (word === "" || word === "offline")
    throw systemdTrouble(machine, state.stderr || "not been booted with systemd");
  const systemd: Finding =
    word === "degraded"
      ? {
          ...{ check: `systemd${where}`, verdict: "warning", text: "units have failed" },
          hint: "`systemctl --failed` shows them",
        }
      : { check: `systemd${where}`, verdict: "ok", text: word };
  if (!recipes.some(({ kind }) => kind === "microvm")) return [systemd];
  return [systemd, ...(await checkVms(machine, where))];
}

async function checkVms(machine: Machine, where: string): Promise<Finding[]> {
  const check = `MicroVMs${where}`;
  const files = await askSystemd(machine, ["list-unit-files", "--no-legend", "microvm@.service"]);
  if (!files.stdout.includes("microvm@.service")) {
    const hint = "import microvm.nix's host module there (`microvm.nixosModules.host`), and switch";
    return [{ check, verdict: "problem", text: "there is no unit `microvm@.service`", hint }];
  }
  const dirs = await readVmDirs(machine);
  const count = `${dirs.size} ${dirs.size === 1 ? "state directory" : "state directories"}`;
  return [
    { check, verdict: "ok", text: count },
    await checkNix(machine, where),
    ...(await checkKvm(machine, where)),
  ];
}

async function checkNix(machine: Machine, where: string): Promise<Finding> {
  const { exitCode, stdout } = await machine.run(["env", "nix", "--version"], { deadline: DEADLINE_MS });
  const check = `Nix${where}`;
  if (exitCode === 0) return { check, verdict: "ok", text: stdout.trim() };
  const hint = "install it, or take its directory into the PATH of the login";
  return {
    check,
    verdict: "problem",
    text: "`nix` does not run: MicroVMs can be started, and not updated",
    hint,
  };
}

async function checkKvm(machine: Machine, where: string): Promise<Finding[]> {
  const { exitCode } = await machine.run(["test", "-e", "/dev/kvm"], { deadline: DEADLINE_MS });
  if (exitCode === 0) return [];
  const hint = "switch virtualisation on in the firmware, and load the module kvm_intel or kvm_amd";
  return [
    {
      check: `KVM${where}`,
      verdict: "warning",
      text: "/dev/kvm is missing: guests are slow, or do not start",
      hint,
    },
  ];
}

/** What is wrong with the engine is no problem of those who have nothing for it. */
export const withoutServices = (findings: readonly Finding[]): Finding[] =>
  findings.map(({ check, verdict, text: what }) => ({
    ...{ check, text: what },
    verdict: verdict === "problem" ? "note" : verdict,
  }));
