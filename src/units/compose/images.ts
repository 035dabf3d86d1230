import type { ServiceRecipe } from "../../book/types.ts";
import { type Compose, imagesCommand } from "../../docker/compose.ts";
import { HomelabError } from "../../errors.ts";
import { runProcess } from "../../process/runner.ts";
import { explainFailure } from "./failure.ts";
import { readInputs } from "./inputs.ts";

const DEADLINE_MS = 60_000;

type Environment = Readonly<Record<string, string | undefined>>;

/** Image references by the services that use them, in the order of the services. */
export type ImageUse = ReadonlyMap<string, readonly string[]>;

/**
 * The images that services want to be pulled: those that are built here, or that must not be pulled, are left out.
 * A service that cannot be read is given to `skipped`.
 */
export async function imagesOfServices(
  recipes: readonly ServiceRecipe[],
  options: {
    readonly root: string;
    readonly env: Environment;
    readonly compose: () => Promise<Compose>;
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
  { root, env, compose }: { root: string; env: Environment; compose: () => Promise<Compose> },
): Promise<readonly string[]> {
  const { images, borrowsImage } = await readInputs(root, recipe, env);
  if (!borrowsImage) return images;
  // What a service extends may name the image: only compose knows how the two are put together.
  const found = await compose();
  const { exitCode, stdout, stderr } = await runProcess(imagesCommand(found, recipe.name), {
    cwd: recipe.path,
    env: { ...found.env, PWD: recipe.path },
    deadline: DEADLINE_MS,
  });
  if (exitCode === 0) return [...new Set([...images, ...stdout.split("\n").filter(Boolean)])];
  throw new HomelabError("compose-invalid", explainFailure(stderr).text);
}
