import { existsSync } from "node:fs";
import { configurations } from "../nix/flake.ts";
import { LocalMachine } from "../process/machine.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The machines that the flake at hand configures; or why they are not known. */
export type FlakeNames =
  | { readonly flake: string; readonly names: readonly string[] }
  | { readonly flake: string | undefined; readonly why: string };

/** Only names are asked for: what takes longer fetches inputs. */
const DEADLINE_MS = 20_000;

/** The directory of the flake that hosts are made from: a homelab's root, its `nixos/`, else what this machine has. */
export const hostFlake = (root: string, exists: (path: string) => boolean = existsSync): string | undefined =>
  [root, `${root}/nixos`, "/etc/nixos"].find((dir) => exists(`${dir}/flake.nix`));

/** Asks Nix, where it is there, for the names of the flake's machines. No system is evaluated. */
export async function flakeNames(root: string, env: Environment): Promise<FlakeNames> {
  const flake = hostFlake(root);
  if (flake === undefined) return { flake, why: "there is no flake" };
  if (!Bun.which("nix", { PATH: env.PATH ?? "" })) return { flake, why: "there is no Nix on this machine" };
  const read = await configurations(new LocalMachine(env), flake, { deadline: DEADLINE_MS });
  if (read.ok) return { flake, names: read.value };
  // A flake for something else, such as a shell.
  return read.code === "no-attribute" ? { flake, names: [] } : { flake, why: read.detail };
}
