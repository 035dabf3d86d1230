import { statSync } from "node:fs";
import type { ServiceRecipe } from "../../book/types.ts";
import { resolved, unmountedPoint } from "../../os/mounts.ts";
import { type Clash, missingSources, type Resolved } from "./clashes.ts";

/**
 * Directories that a service would find empty: those on a disk of /etc/fstab that is not mounted, and those outside
 * of the root that are not there, unless the compose file says that they may be made.
 */
export function mountClashes(
  { recipe, project }: Resolved,
  root: string,
  disks: { readonly points: readonly string[]; readonly mounted: ReadonlySet<string> },
): Clash[] {
  const unmounted = new Map<string, Clash>();
  const binds = Object.values(project.services ?? {})
    .flatMap(({ volumes = [] }) => volumes)
    .filter(({ type }) => type === "bind");
  for (const { source, written } of binds) {
    const point = source ? unmountedPoint(resolved(source), disks) : undefined;
    if (point && source) unmounted.set(source, unmountedClash(recipe, written ?? source, point));
  }
  const outside = binds.filter(
    ({ source = "", bind }) =>
      !bind?.create_host_path && !unmounted.has(source) && !source.startsWith(`${root}/`),
  );
  const missing = missingSources(
    [{ recipe, project: { services: { binds: { volumes: outside } } } }],
    isThere,
  );
  const allow = "or let it be made with `bind: { create_host_path: true }` in the long form of the mount";
  return [...unmounted.values(), ...missing.map((clash) => ({ ...clash, hint: `${clash.hint}, ${allow}` }))];
}

/** What this user cannot see is not known to be missing. */
function isThere(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== "ENOENT" && code !== "ENOTDIR";
  }
}

/** A disk of /etc/fstab that a mount belongs to, and that is not there. */
function unmountedClash(recipe: ServiceRecipe, written: string, point: string): Clash {
  return {
    recipe,
    needle: written,
    severity: "error",
    text: `\`${recipe.name}\` mounts ${written}, which belongs to ${point}: that is in /etc/fstab, and not mounted`,
    hint: `mount it, then run again: \`mount ${point}\`, \`findmnt\` shows what is mounted`,
  };
}
