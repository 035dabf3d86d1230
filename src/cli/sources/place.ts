import { existsSync, type Stats, statSync } from "node:fs";
import { resolve } from "node:path";
import { HomelabError } from "../../errors.ts";
import { type Found, filesBelow } from "../../nix/lint/files.ts";
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

/**
 * Absolute paths of the files that words name, a directory standing for all Nix files below it; undefined without
 * words. Throws `usage`, and `permission` for what must not be looked at.
 */
export function filesOf(words: readonly string[]): Found | undefined {
  if (words.length === 0) return undefined;
  const found = words.map((word): Found => {
    const path = resolve(word);
    const stat = statOf(path, word);
    if (stat.isDirectory()) return filesBelow(path);
    if (stat.isFile()) return { paths: [path], skipped: [] };
    throw new HomelabError("usage", `\`${word}\` is no file and no directory`);
  });
  return {
    paths: [...new Set(found.flatMap(({ paths }) => paths))],
    skipped: [...new Set(found.flatMap(({ skipped }) => skipped))],
  };
}

function statOf(path: string, word: string): Stats {
  let stat: Stats | undefined;
  try {
    stat = statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EACCES") throw error;
    throw new HomelabError("permission", `\`${word}\` cannot be read: no permission`, {
      hint: "look whose the directories are that it is in",
    });
  }
  if (stat) return stat;
  throw new HomelabError("usage", `there is no file \`${word}\``, { hint: "look how it is spelled" });
}
