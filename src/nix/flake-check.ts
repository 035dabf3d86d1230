import type { Machine } from "../process/machine.ts";
import { type NixOptions, nix } from "./call.ts";
import { explain, type Failure } from "./failure.ts";
import { lookInto } from "./look.ts";
import { freshly } from "./reference.ts";

export interface CheckOptions {
  /** The flake may read what is outside of it. */
  readonly impure: boolean;
  /** Its checks are not built. */
  readonly evaluateOnly: boolean;
}

/** Says whether everything that a flake has can be evaluated, and its checks be built. Writes no lock file. */
export async function flakeCheck(
  machine: Machine,
  flake: string,
  { impure, evaluateOnly, ...options }: NixOptions & CheckOptions,
): Promise<{ readonly ok: true; readonly warnings: readonly string[] } | Failure> {
  const switches = [...(impure ? ["--impure"] : []), ...(evaluateOnly ? ["--no-build"] : [])];
  const words = ["flake", "check", "--no-write-lock-file", ...switches, ...freshly(flake), flake];
  const ended = await nix(machine, words, options);
  if (ended.exitCode === 0) return { ok: true, warnings: ended.log.warnings };
  const asked = { flake, attribute: "checks", machine: machine.name };
  const failure = await lookInto(machine, explain(ended, asked), { log: ended.log, asked, options });
  const whole = failure.code === "evaluation" || failure.code === "no-attribute";
  return whole
    ? { ...failure, hint: `see where it comes from: \`nix flake check --show-trace ${flake}\`` }
    : failure;
}
