import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/**
 * The commit that is checked out at `root` or above it, as 40 hex digits; undefined outside a repository.
 * Read from the files, because starting git for it would cost more than a whole run without changes.
 */
export function headRevision(root: string): string | undefined {
  const git = gitDirectory(root);
  if (!git) return undefined;
  const head = read(join(git, "HEAD"));
  if (head === undefined) return undefined;
  if (!head.startsWith("ref: ")) return head;
  const ref = head.slice("ref: ".length);
  const common = read(join(git, "commondir"));
  const base = common === undefined ? git : resolve(git, common);
  return read(join(git, ref)) ?? read(join(base, ref)) ?? packed(join(base, "packed-refs"), ref);
}

/** The repository's own data for `start` or a directory above it; undefined outside of a repository. */
export function gitDirectory(start: string): string | undefined {
  for (let dir = start; ; dir = dirname(dir)) {
    const git = join(dir, ".git");
    if (existsSync(git)) {
      if (statSync(git).isDirectory()) return git;
      const link = read(git);
      return link?.startsWith("gitdir: ") ? resolve(dir, link.slice("gitdir: ".length)) : undefined;
    }
    if (dir === dirname(dir)) return undefined;
  }
}

function packed(path: string, ref: string): string | undefined {
  const line = read(path)
    ?.split("\n")
    .find((entry) => entry.endsWith(` ${ref}`));
  return line?.split(" ")[0];
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}
