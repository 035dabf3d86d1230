import type { ServiceRecipe } from "../../book/types.ts";
import { HomelabError, type Position } from "../../errors.ts";
import type { ServiceView } from "./facts.ts";
import type { ContainerView } from "./observe.ts";

export interface ProjectQuestion {
  readonly name: string;
  /** The service's directory, absolute. */
  readonly dir: string;
  /** The recipe's `project`. */
  readonly recipeProject?: string | undefined;
  /** The compose file's own `name`. */
  readonly composeName?: string | undefined;
  /** The project under which it was last seen ready. */
  readonly releasedProject?: string | undefined;
  /** Compose services that belong to it. */
  readonly services: ReadonlySet<string>;
  /** Containers that run from `dir`. */
  readonly own: readonly ContainerView[];
  /** All containers of a project, from any directory. */
  readonly inProject: (project: string) => readonly ContainerView[];
  readonly exists: (dir: string) => boolean;
}

/**
 * The compose project of a service and its containers. Never the directory's bare name: two instances would
 * share it. What runs already keeps its project, because its volumes carry that name.
 * Throws `refused` when two things cannot be told apart, naming both places and the line to add.
 */
export function resolveProject(question: ProjectQuestion): {
  project: string;
  containers: readonly ContainerView[];
} {
  const { name, dir, recipeProject, own } = question;
  const running = [...new Set(own.map((container) => container.project))];
  if (running.length > 1 && recipeProject === undefined) throw twoProjects(question, running);
  if (recipeProject !== undefined && running.some((project) => project !== recipeProject)) {
    throw otherProject(question, running.find((project) => project !== recipeProject) ?? "");
  }
  const remembered = running[0] ?? question.releasedProject;
  const project = recipeProject ?? running[0] ?? question.composeName ?? question.releasedProject ?? name;
  const others = question.inProject(project).filter((container) => container.dir !== dir);
  // An explicit project and a directory that has gone: the repository was moved, and the recipe says so.
  const moved =
    recipeProject === undefined ? [] : others.filter((container) => !question.exists(container.dir));
  const foreign = others.filter((container) => !moved.includes(container));
  const clash = foreign.find((container) => question.services.has(container.service));
  const stranger = project === remembered ? clash : (clash ?? foreign[0]);
  if (stranger) throw foreignProject(question, project, stranger);
  return { project, containers: [...own, ...moved] };
}

/**
 * Notes who makes which compose service (by `project/service`): two fresh services of one project show nowhere yet,
 * and the second would make the first one's containers anew. Throws `refused` for the second.
 */
export function claim(
  claims: Map<string, ServiceRecipe>,
  { recipe, project, expected }: Pick<ServiceView, "recipe" | "project" | "expected">,
): void {
  for (const service of expected.keys()) {
    const key = `${project}/${service}`;
    const owner = claims.get(key);
    if (owner && owner.name !== recipe.name) throw sameProject(owner, recipe, { project, service });
    claims.set(key, recipe);
  }
}

/** The error for two services that would be one project, in which a compose service of both has the same name. */
export function sameProject(
  one: ServiceRecipe,
  other: ServiceRecipe,
  { project, service, position }: { project: string; service: string; position?: Position | undefined },
): HomelabError {
  return new HomelabError(
    "refused",
    `${one.dir} and ${other.dir} are both project \`${project}\` with a service \`${service}\``,
    {
      position,
      hint: `give one of them a name of its own: \`project: ${other.name}\` in its recipe, or another \`name:\` in its compose file`,
    },
  );
}

function twoProjects({ name, dir }: ProjectQuestion, projects: readonly string[]): HomelabError {
  const [first = "", second = ""] = projects;
  return new HomelabError(
    "refused",
    `\`${name}\` runs twice: as project \`${first}\` and as project \`${second}\`, both from ${dir}`,
    {
      hint: `keep one: \`docker compose -p ${second} down\` stops the second (its volumes stay)`,
    },
  );
}

function otherProject({ name, dir, recipeProject }: ProjectQuestion, running: string): HomelabError {
  return new HomelabError(
    "refused",
    `\`${name}\` runs from ${dir} as project \`${running}\`, but its recipe says \`project: ${recipeProject}\``,
    {
      hint: `write \`project: ${running}\` to keep it as it runs, or stop it first: \`docker compose -p ${running} down\``,
    },
  );
}

function foreignProject(
  { name, dir, exists }: ProjectQuestion,
  project: string,
  other: ContainerView,
): HomelabError {
  const line = exists(other.dir)
    ? `give one of them a name of its own: \`project: ${project}-2\` under \`services: ${name}:\` in homelab.yml`
    : `if ${other.dir} was moved to ${dir}, write \`project: ${project}\` under \`services: ${name}:\` in homelab.yml`;
  return new HomelabError(
    "refused",
    `\`${name}\` in ${dir} would be project \`${project}\`, which already has a container \`${other.name}\` from ${other.dir}`,
    { hint: line },
  );
}
