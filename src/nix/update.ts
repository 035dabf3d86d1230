import { readFileSync } from "node:fs";
import type { Machine } from "../process/machine.ts";
import { type NixOptions, nix } from "./call.ts";
import { explain, type Failure } from "./failure.ts";
import { lookInto } from "./look.ts";

export interface UpdateOptions extends NixOptions {
  /** The flake's directory. */
  readonly flake: string;
  /** Names of inputs; all, when there are none. */
  readonly inputs: readonly string[];
  /** Where the new lock file is written; that of the flake is left alone. */
  readonly output: string;
}

/** Nix passes over what it does not know. */
const UNKNOWN = /^'([^']+)' does not match any input of this flake/;

/**
 * Looks for what is newer of a flake's inputs, on this machine. Gives the text of the new lock file, and which of the
 * `inputs` the flake has not. Throws what `Machine.run` does.
 */
export async function newLock(
  here: Machine,
  { flake, inputs, output, ...options }: UpdateOptions,
): Promise<{ readonly ok: true; readonly text: string; readonly unknown: readonly string[] } | Failure> {
  const words = ["flake", "update", ...inputs, "--flake", flake, "--output-lock-file", output];
  const ended = await nix(here, words, options);
  if (ended.exitCode !== 0) {
    const asked = { flake, attribute: "", machine: here.name };
    return better(await lookInto(here, explain(ended, asked), { log: ended.log, asked, options }), flake);
  }
  const unknown = ended.log.warnings.flatMap((each) => UNKNOWN.exec(each)?.[1] ?? []);
  return { ok: true, text: readFileSync(output, "utf8"), unknown };
}

function better(failure: Failure, flake: string): Failure {
  // Single inputs are updated in this way since 2.19, and into another file since 2.14.
  if (failure.code === "nix-too-old") return { ...failure, hint: "update Nix here: 2.19 or newer is needed" };
  if (failure.code !== "evaluation") return failure;
  return { ...failure, hint: `see where it comes from: \`nix flake metadata --show-trace ${flake}\`` };
}
