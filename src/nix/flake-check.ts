import type { Machine } from "../process/machine.ts";
import { worthTelling } from "./build.ts";
import { type NixOptions, nix } from "./call.ts";
import { explain, type Failure } from "./failure.ts";
import { lookInto } from "./look.ts";
import { freshly } from "./reference.ts";
import { coreOf } from "./words.ts";

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
  if (ended.exitCode === 0) return { ok: true, warnings: worthTelling(ended.log.warnings) };
  const asked = { flake, attribute: "checks", machine: machine.name };
  const explained = withoutAttribute(explain(ended, asked), ended.log.errors);
  const failure = await lookInto(machine, explained, { log: ended.log, asked, options });
  // There is no attribute that a person could build or evaluate instead.
  if (failure.code !== "evaluation" && !failure.hint.includes(`${flake}#checks`)) return failure;
  const trace = failure.code === "evaluation" ? " --show-trace" : "";
  return { ...failure, hint: `see where it comes from: \`nix flake check${trace} ${flake}\`` };
}

/** No attribute was asked for: what Nix misses is something that the configuration itself names. */
function withoutAttribute(failure: Failure, errors: readonly string[]): Failure {
  if (failure.code !== "no-attribute") return failure;
  const [first = ""] = coreOf(errors.at(-1) ?? "").split("\n");
  return { ...failure, code: "evaluation", detail: `the configuration is wrong: ${first}` };
}
