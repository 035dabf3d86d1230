import type { ServiceRecipe } from "../../book/types.ts";
import { type Compose, imagesCommand } from "../../docker/compose.ts";
import { HomelabError } from "../../errors.ts";
import { runProcess } from "../../process/runner.ts";
import { explainFailure } from "./failure.ts";
import type { Inputs } from "./input-types.ts";
import { readInputs } from "./inputs.ts";

const DEADLINE_MS = 60_000;

type Environment = Readonly<Record<string, string | undefined>>;

/** Image references by the services that use them, in the order of the services. */
export type ImageUse = ReadonlyMap<string, readonly string[]>;

interface ImageQuestion {
  readonly root: string;
  readonly env: Environment;
  readonly compose: () => Promise<Compose>;
  /**
   * All that the files name, in whatever way: also what is built here, must not be pulled, or waits for a profile.
   * Else those that are to be pulled.
   */
  readonly every?: boolean | undefined;
}

/** The images that services name. A service that cannot be read is given to `skipped`. */
export async function imagesOfServices(
  recipes: readonly ServiceRecipe[],
  options: ImageQuestion & {
    readonly skipped: (recipe: ServiceRecipe, error: HomelabError) => void;
  },
): Promise<ImageUse> {
  const use = new Map<string, string[]>();
  for (const recipe of recipes) {
    try {
      for (const image of await imagesOf(recipe, options)) {
        const users = use.get(image);
        if (!users) use.set(image, [recipe.name]);
        else if (!users.includes(recipe.name)) users.push(recipe.name);
      }
    } catch (error) {
      if (!(error instanceof HomelabError)) throw error;
      options.skipped(recipe, error);
    }
  }
  return use;
}

async function imagesOf(
  recipe: ServiceRecipe,
  { root, env, compose, every = false }: ImageQuestion,
): Promise<readonly string[]> {
  const inputs = await readInputs(root, recipe, env);
  const { images, borrowsImage } = every ? inputs.every : inputs;
  const named = every ? [...images, ...defaultNames(recipe, inputs)] : images;
  if (!borrowsImage) return named;
  // What a service extends may name the image: only compose knows how the two are put together.
  const found = await compose();
  const { exitCode, stdout, stderr } = await runProcess(imagesCommand(found, recipe.name, every), {
    cwd: recipe.path,
    env: { ...found.env, PWD: recipe.path },
    deadline: DEADLINE_MS,
  });
  if (exitCode === 0) return [...new Set([...named, ...stdout.split("\n").filter(Boolean)])];
  throw new HomelabError("compose-invalid", explainFailure(stderr).text);
}

/** What compose calls images that it builds and that have no name: after the project, whichever that is. */
function defaultNames({ name: recipe, project }: ServiceRecipe, { name, every }: Inputs): string[] {
  const projects = [project, name, recipe].filter((each) => each !== undefined);
  return every.unnamed.flatMap((service) => projects.map((each) => `${each}-${service}`));
}
