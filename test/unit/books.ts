import type { Book, Group, Recipe, ServiceRecipe } from "../../src/book/types.ts";

export function service(name: string, more: Partial<ServiceRecipe> = {}): ServiceRecipe {
  return {
    kind: "service",
    name,
    needs: [],
    after: [],
    dir: `services/${name}`,
    path: `/srv/homelab/services/${name}`,
    files: new Set(["compose.yml"]),
    present: true,
    mounts: [],
    rollback: "auto",
    optional: [],
    ...more,
  };
}

/** A book in memory; `groups` as "media: plex sonarr". */
export function bookOf(
  recipes: readonly Recipe[],
  groups: readonly string[] = [],
  root = "/srv/homelab",
): Book {
  return {
    root,
    shipped: false,
    recipes: new Map(recipes.map((recipe) => [recipe.name, recipe])),
    groups: new Map(groups.map(group).map((each) => [each.name, each])),
    warnings: [],
  };
}

function group(line: string): Group {
  const [name = "", members = ""] = line.split(":");
  return { name, members: members.split(" ").filter(Boolean) };
}
