import type { Machine } from "../process/machine.ts";
import { explainAttribute, locked } from "./build.ts";
import { type NixOptions, nix, nixStore, oldNix, troubleOf } from "./call.ts";
import { type Asked, explain, type Failure } from "./failure.ts";
import { freshly } from "./reference.ts";

/** What an attribute of a flake stands for, whether or not any of it is built. */
export interface Derived {
  readonly ok: true;
  /** How it is built: a path in the store of the machine that was asked. */
  readonly derivation: string;
  /** What comes of it. */
  readonly path: string;
}

interface DeriveOptions extends NixOptions {
  readonly flake: string;
  readonly attribute: string;
  /** A lock file on that machine, instead of the flake's own. */
  readonly lock?: string | undefined;
}

/** Evaluates an attribute of a flake; what Nix has evaluated before is known to it. Throws what `Machine.run` does. */
export async function derive(machine: Machine, options: DeriveOptions): Promise<Derived | Failure> {
  const { flake, attribute, lock, ...rest } = options;
  const asked: Asked = { flake, attribute, machine: machine.name };
  // `nix eval` would evaluate all of it each time.
  const words = [
    ...["path-info", "--derivation"],
    ...freshly(flake),
    ...locked(lock),
    `${flake}#${attribute}`,
  ];
  const ended = await nix(machine, words, rest);
  const derivation = ended.stdout.split("\n").find((line) => line.startsWith("/"));
  if (ended.exitCode !== 0 || derivation === undefined) return explainAttribute(machine, ended, asked, rest);
  const asks = ["nix-store", "--query", "--outputs", derivation];
  const outputs = await oldNix(machine, asks, rest);
  const path = outputs.stdout.split("\n").find((line) => line.startsWith("/"));
  if (outputs.exitCode === 0 && path !== undefined) return { ok: true, derivation, path };
  return troubleOf(outputs, asked) ?? explain(ended, asked);
}

/** Whether a path is in the store of a machine. Throws what `Machine.run` does. */
export async function isInStore(machine: Machine, path: string, options: NixOptions): Promise<boolean> {
  return (await oldNix(machine, ["nix-store", "--check-validity", path], options)).exitCode === 0;
}

interface Realisable extends Pick<Derived, "derivation">, Omit<Asked, "machine"> {
  /** A link to what was built, which keeps it from being collected as garbage. */
  readonly outLink?: string | undefined;
}

/** Builds what was evaluated. Throws what `Machine.run` does. */
export async function realise(
  machine: Machine,
  { derivation, flake, attribute, outLink }: Realisable,
  options: NixOptions,
): Promise<{ readonly ok: true } | Failure> {
  const root = outLink === undefined ? [] : ["--add-root", outLink, "--indirect"];
  const ended = await nixStore(machine, ["--realise", derivation, ...root], options);
  return ended.exitCode === 0 ? { ok: true } : explain(ended, { flake, attribute, machine: machine.name });
}
