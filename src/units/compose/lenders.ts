import { readFileSync } from "node:fs";
import type { Book, ServiceRecipe } from "../../book/types.ts";
import { HomelabError } from "../../errors.ts";
import { COMPOSE_FILES, OVERRIDE_FILES } from "./file.ts";
import type { ContainerView, Observation } from "./observe.ts";

export interface LendersQuestion {
  readonly book: Book;
  readonly observation: Observation;
  /** The service's own containers. */
  readonly containers: readonly ContainerView[];
  /** Names of containers whose network its compose file says that it shares. */
  readonly named: readonly string[];
  /** Names of the containers that a service's files make. */
  readonly namesOf: (recipe: ServiceRecipe) => Promise<readonly string[]>;
}

/** Names of the services whose containers lend a service their network: by the containers, and by the files. */
export async function lendersOf(question: LendersQuestion): Promise<Set<string>> {
  const { observation, containers, named } = question;
  const lenders = new Set<string>();
  const dirs = containers.flatMap(({ networkOf }) => observation.byId.get(networkOf ?? "")?.dir ?? []);
  const missing: string[] = [];
  for (const name of named) {
    const lender = observation.containers.find((container) => container.name === name);
    if (lender) dirs.push(lender.dir);
    else missing.push(name);
  }
  for (const dir of dirs) {
    const owner = ownerOfDirectory(question.book, dir);
    if (owner) lenders.add(owner);
  }
  for (const name of missing) {
    const owner = await ownerOfName(question, name);
    if (owner) lenders.add(owner);
  }
  return lenders;
}

function ownerOfDirectory({ recipes }: Book, dir: string): string | undefined {
  for (const recipe of recipes.values()) {
    if (recipe.kind === "service" && recipe.present && recipe.path === dir) return recipe.name;
  }
  return undefined;
}

/** The service whose files make a container of that name. Only asked while there is none, so all files are read. */
async function ownerOfName({ book, namesOf }: LendersQuestion, name: string): Promise<string | undefined> {
  for (const recipe of book.recipes.values()) {
    if (recipe.kind !== "service" || !recipe.present || !mentions(recipe, name)) continue;
    try {
      if ((await namesOf(recipe)).includes(name)) return recipe.name;
    } catch (error) {
      // What is wrong with those files is told when that service is decided, if it has anything to do with this run.
      if (!(error instanceof HomelabError)) throw error;
    }
  }
  return undefined;
}

/** Whether a text stands in one of the usual compose files: to look costs much less than to parse. */
function mentions({ path, files }: ServiceRecipe, text: string): boolean {
  return [...COMPOSE_FILES, ...OVERRIDE_FILES].some((file) => {
    if (!files.has(file)) return false;
    try {
      return readFileSync(`${path}/${file}`, "utf8").includes(text);
    } catch {
      // Unreadable: no container comes from it.
      return false;
    }
  });
}
