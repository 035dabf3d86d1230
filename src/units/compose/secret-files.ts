import { accessSync, constants, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Book, ServiceRecipe } from "../../book/types.ts";
import { HomelabError } from "../../errors.ts";
import { latestReleases, type Release } from "../../store/releases.ts";
import type { Store } from "../../store/store.ts";
import { parseFiles } from "./facts.ts";
import { secretsOfFiles } from "./secrets.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Names that environment files usually have; templates hold no secrets. */
const isEnvironment = (name: string): boolean =>
  /^\.env(?:$|\.)|\.env$/.test(name) && !/example|template|sample/.test(name);

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    // What this user cannot read, its tasks cannot either.
    return false;
  }
}

/**
 * Finds what must be masked where it is not known yet what a service is made from: its files as they are now, those of
 * its last release, and whatever is called like an environment file, which is all there is when its files are broken.
 */
export class SecretFinder {
  private readonly releases: ReadonlyMap<string, Release>;

  constructor(
    private readonly book: Book,
    store: Store,
    private readonly env: Environment,
  ) {
    this.releases = latestReleases(store, book.root);
  }

  /** A function that masks what one service keeps secret. */
  async service(recipe: ServiceRecipe): Promise<(text: string) => string> {
    return secretsOfFiles(await this.files(recipe), this.env);
  }

  /** A function that masks what the services and the root itself keep secret, as far as this user can know it. */
  async everything(): Promise<(text: string) => string> {
    const { root, recipes } = this.book;
    const services = [...recipes.values()].filter((recipe) => recipe.kind === "service" && recipe.present);
    const files = await Promise.all(services.map((recipe) => this.files(recipe as ServiceRecipe)));
    const own = readdirSync(root).filter(isEnvironment);
    const all = [...own.map((name) => join(root, name)), ...files.flat()];
    return secretsOfFiles(all.filter(isReadable), this.env);
  }

  private async files(recipe: ServiceRecipe): Promise<string[]> {
    const release = this.releases.get(recipe.name);
    const known = release?.dir === recipe.path ? release.manifest.files : [];
    const named = [...recipe.files].filter(isEnvironment);
    const paths = [...known, ...(await this.current(recipe))].map(([path]) => path);
    return [".env", ...named, ...paths].map((path) => join(recipe.path, path));
  }

  private async current(recipe: ServiceRecipe): Promise<Release["manifest"]["files"]> {
    try {
      return (await parseFiles(this.book.root, recipe, this.env)).manifest.files;
    } catch (error) {
      // What is wrong with them is told by whatever needs them.
      if (error instanceof HomelabError) return [];
      throw error;
    }
  }
}
