import { HomelabError } from "../errors.ts";
import type { Machine } from "../process/machine.ts";
import { asError, type NixOptions, nix, oldNix, troubleOf } from "./call.ts";
import { type Asked, type Ended, explain, type Failure } from "./failure.ts";
import { configurations } from "./flake.ts";
import { lookInto } from "./look.ts";
import { freshly } from "./reference.ts";

export { asError } from "./call.ts";
export type { Failure, FailureCode } from "./failure.ts";

export interface BuildOptions extends NixOptions {
  /** `git+file:///etc/nixos`, `github:owner/repository`, or an absolute path. */
  readonly flake: string;
  /** `nixosConfigurations.web.config.microvm.declaredRunner`. */
  readonly attribute: string;
  /** A link to make to the result, which keeps it from the garbage collector. */
  readonly outLink?: string | undefined;
  /** A lock file on that machine, instead of the flake's own. */
  readonly lock?: string | undefined;
  /** The flake's lock file is not written, whatever its inputs are. */
  readonly keepLock?: boolean | undefined;
}

export interface Built {
  readonly ok: true;
  /** In the store. */
  readonly path: string;
  /** What Nix warned of: a dirty tree, an option that has another name now. */
  readonly warnings: readonly string[];
}

/** Nix checks this at every start; where it is so, it is no news. */
const OFFLINE = /^you don't have Internet access/;

/** Warnings that a person wants to see. */
export const worthTelling = (warnings: readonly string[]): string[] =>
  warnings.filter((each) => !OFFLINE.test(each));

/** Builds an attribute of a flake. Throws what `Machine.run` does. */
export async function build(machine: Machine, options: BuildOptions): Promise<Built | Failure> {
  const { flake, attribute, outLink, lock, keepLock = false, ...rest } = options;
  const asked: Asked = { flake, attribute, machine: machine.name };
  const link = outLink === undefined ? ["--no-link"] : ["--out-link", outLink];
  const ended = await nix(
    machine,
    [
      "build",
      ...freshly(flake),
      ...locked(lock, keepLock),
      ...link,
      "--print-out-paths",
      `${flake}#${attribute}`,
    ],
    rest,
  );
  const path = ended.stdout.split("\n").find((line) => line.startsWith("/"));
  if (ended.exitCode === 0 && path !== undefined) {
    return { ok: true, path, warnings: worthTelling(ended.log.warnings) };
  }
  return explainAttribute(machine, ended, asked, rest);
}

/** Why an attribute of a flake gave nothing, with what its directory and its other machines tell of that. */
export async function explainAttribute(
  machine: Machine,
  ended: Ended,
  asked: Asked,
  options: NixOptions,
): Promise<Failure> {
  const failure = explain(ended, asked);
  if (failure.code === "no-attribute") return namesInstead(machine, failure, asked, options);
  return lookInto(machine, failure, { log: ended.log, asked, options });
}

export const locked = (lock: string | undefined, keepLock = false): string[] => [
  ...(lock === undefined ? [] : ["--reference-lock-file", lock]),
  ...(lock === undefined && !keepLock ? [] : ["--no-write-lock-file"]),
];

const MOST_NAMES = 12;

/** Which machines the flake has, when it has not the one that was asked for. */
async function namesInstead(
  machine: Machine,
  failure: Failure,
  { flake, attribute }: Asked,
  options: NixOptions,
): Promise<Failure> {
  const match = /^nixosConfigurations\.(?:"([^"]+)"|([^.]+))\.?(.*)$/.exec(attribute);
  const name = match?.[1] ?? match?.[2];
  if (name === undefined) return failure;
  const all = await configurations(machine, flake, { ...options, progress: undefined });
  if (!all.ok && all.code !== "no-attribute") return all;
  const names = all.ok ? all.value : [];
  if (names.includes(name)) {
    const hint = /\.microvm\./.test(attribute)
      ? "import `microvm.nixosModules.microvm` in its configuration"
      : failure.hint;
    return { ...failure, detail: `${name} is in ${flake}, but it has no ${match?.[3]}`, hint };
  }
  const detail = `${flake} has no machine ${name} in its nixosConfigurations`;
  if (names.length === 0)
    return { ...failure, detail: `${flake} has no nixosConfigurations`, hint: failure.hint };
  const more = names.length > MOST_NAMES ? `, and ${names.length - MOST_NAMES} more` : "";
  const known = `it has ${names.slice(0, MOST_NAMES).join(", ")}${more}`;
  const meant = /^did you mean /.test(failure.hint) ? `${failure.hint} ` : "";
  return { ...failure, detail, hint: `${meant}${known}` };
}

/**
 * Makes a link to a path of the store, which keeps it from the garbage collector. One that is there leads to the new
 * path at once. Throws when it cannot be made.
 */
export async function addRoot(
  machine: Machine,
  path: string,
  link: string,
  options: NixOptions,
): Promise<void> {
  const result = await oldNix(machine, ["nix-store", "--realise", path, "--add-root", link], options);
  if (result.exitCode === 0) return;
  const { stderr } = result;
  if (/creating symlink .*Permission denied/.test(stderr)) {
    throw new HomelabError(
      "permission",
      `the link ${link} cannot be made on ${machine.name}: no permission`,
      {
        hint: "run it as root",
      },
    );
  }
  if (/cannot create symlink .* already exists/.test(stderr)) {
    throw new HomelabError("refused", `${link} on ${machine.name} is no link, and is not overwritten`, {
      hint: "look what it is, and move it away",
    });
  }
  const trouble = troubleOf(result, { flake: path, attribute: "", machine: machine.name });
  if (trouble) throw asError(trouble);
  const said = stderr.trim().split("\n").at(-1) ?? "";
  throw new HomelabError("step-failed", `${path} was not kept as ${link}: ${said.replace(/^error: /, "")}`, {
    hint: `look whether it is still in the store: \`nix-store --query --references ${path}\``,
  });
}
