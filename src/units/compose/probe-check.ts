import type { Clash, Resolved } from "./clashes.ts";

/** Recipes that ask a compose service whether it is ready which their compose file does not have. */
export function strangeProbes(all: readonly Resolved[]): Clash[] {
  return all.flatMap(({ recipe, project }) => {
    const asked = recipe.ready?.exec?.service;
    const known = Object.keys(project.services ?? {});
    if (asked === undefined || known.includes(asked)) return [];
    return [
      {
        recipe,
        needle: "services",
        severity: "error" as const,
        text: `\`ready.exec\` of \`${recipe.name}\` asks the compose service \`${asked}\`, which its compose file does not have`,
        hint: known.length > 0 ? `it has ${known.join(", ")}` : "it has no services",
      },
    ];
  });
}
