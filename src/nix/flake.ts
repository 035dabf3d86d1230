import type { Machine } from "../process/machine.ts";
import { type NixOptions, nix } from "./call.ts";
import { explain, type Failure } from "./failure.ts";
import { lookInto } from "./look.ts";
import { freshly, runnerOf, systemOf } from "./reference.ts";

export { localFlake, runnerOf, systemOf } from "./reference.ts";

export type Evaluated<Value> = { readonly ok: true; readonly value: Value } | Failure;

/** The names of all machines of a flake, by one evaluation. */
export async function configurations(
  machine: Machine,
  flake: string,
  options: NixOptions,
): Promise<Evaluated<readonly string[]>> {
  const names = ["--apply", "builtins.attrNames", "--json"];
  const evaluated = await evaluate(machine, { flake, attribute: "nixosConfigurations" }, names, options);
  return evaluated.ok ? { ok: true, value: JSON.parse(evaluated.value) as string[] } : evaluated;
}

/** The path that a MicroVM's runner has as it is configured now, whether or not it is built. */
export const configuredRunner = (
  machine: Machine,
  flake: string,
  name: string,
  options: NixOptions,
): Promise<Evaluated<string>> => evaluate(machine, { flake, attribute: runnerOf(name) }, ["--raw"], options);

/** Whether the system of a machine can be evaluated: the path of what would be built. Nothing is built. */
export const configuredSystem = (
  machine: Machine,
  flake: string,
  name: string,
  options: NixOptions,
): Promise<Evaluated<string>> =>
  evaluate(machine, { flake, attribute: `${systemOf(name)}.drvPath` }, ["--raw"], options);

/** What an attribute of a flake evaluates to; `words` say in which form. */
export async function evaluate(
  machine: Machine,
  what: { readonly flake: string; readonly attribute: string },
  words: readonly string[],
  options: NixOptions,
): Promise<Evaluated<string>> {
  const asked = { ...what, machine: machine.name };
  // Whoever only asks does not want a file of the repository written.
  const argv = [
    "eval",
    "--no-write-lock-file",
    ...freshly(what.flake),
    ...words,
    `${what.flake}#${what.attribute}`,
  ];
  const ended = await nix(machine, argv, options);
  if (ended.exitCode === 0) return { ok: true, value: ended.stdout.trim() };
  return lookInto(machine, explain(ended, asked), { log: ended.log, asked, options });
}
