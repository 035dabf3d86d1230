import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { HomelabError } from "../../errors.ts";
import { filesBelow } from "../../nix/lint/files.ts";
import { LocalMachine, type Machine } from "../../process/machine.ts";
import type { Context } from "../context.ts";
import { findRoot } from "../root.ts";

/** Where the Nix code of a homelab is. */
export interface Place {
  readonly root: string;
  /** The directory with the flake; undefined where there is none. */
  readonly flake: string | undefined;
  readonly here: Machine;
}

/** Throws `no-root`. */
export function openPlace(context: Context): Place {
  const root = findRoot(context);
  const flake = [root, `${root}/nixos`].find((dir) => existsSync(`${dir}/flake.nix`));
  return { root, flake, here: new LocalMachine(context.env) };
}

/** The directory with the flake. Throws `not-configured` where there is none. */
export function requireFlake({ root, flake }: Place): string {
  if (flake !== undefined) return flake;
  throw new HomelabError("not-configured", `there is no flake.nix in ${root} or in ${root}/nixos`, {
    hint: "go into the repository that has it, or name that with `-C DIR`",
  });
}

/** Absolute paths of the files that words name, a directory standing for all Nix files below it. Throws `usage`. */
export function filesOf(words: readonly string[]): string[] | undefined {
  if (words.length === 0) return undefined;
  const found = words.flatMap((word) => {
    const path = resolve(word);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat)
      throw new HomelabError("usage", `there is no file \`${word}\``, { hint: "look how it is spelled" });
    if (stat.isDirectory()) return filesBelow(path);
    if (stat.isFile()) return [path];
    throw new HomelabError("usage", `\`${word}\` is no file and no directory`);
  });
  return [...new Set(found)];
}
