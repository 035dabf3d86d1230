import { realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { HomelabError } from "../errors.ts";
import type { Context } from "./context.ts";

const CERTAIN = ["homelab.yml", "homelab.yaml", "services"];
const LIKELY = ["flake.nix", "nixos"];
/** Where the repository lives on a server that was set up by the book. */
const USUAL = "/opt/homelab";

/**
 * The homelab to work on: --root, else $HOMELAB_ROOT, else the directory with a homelab above the current one,
 * else /opt/homelab. Absolute, links resolved. Throws `no-root`.
 */
export function findRoot({ options, env }: Context): string {
  const given = options.root ?? env.HOMELAB_ROOT;
  if (given) return existing(resolve(given), options.root ? "--root" : "HOMELAB_ROOT");
  const here = process.cwd();
  const found = above(here, CERTAIN) ?? above(here, LIKELY) ?? (marked(USUAL, CERTAIN) ? USUAL : undefined);
  if (found) return realpathSync(found);
  throw new HomelabError("no-root", `there is no homelab in ${here} or above it`, {
    hint: "go into the repository (the directory with `services/` or `homelab.yml`), or name it with `-C DIR`",
  });
}

function existing(dir: string, from: string): string {
  const stat = statSync(dir, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return realpathSync(dir);
  throw new HomelabError("no-root", `${dir} is not a directory`, {
    hint: `${from} must name the directory of a homelab: the one with \`services/\` or \`homelab.yml\``,
  });
}

function above(start: string, names: readonly string[]): string | undefined {
  for (let dir = start; ; dir = dirname(dir)) {
    if (marked(dir, names)) return dir;
    if (dir === dirname(dir)) return undefined;
  }
}

/** `services` and `nixos` have to be directories: /etc/services is none. */
function marked(dir: string, names: readonly string[]): boolean {
  return names.some((name) => {
    const stat = statSync(join(dir, name), { throwIfNoEntry: false });
    return name.includes(".") ? stat?.isFile() : stat?.isDirectory();
  });
}
