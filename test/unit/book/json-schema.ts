import { toJsonSchema } from "@valibot/to-json-schema";
import { recipeFile } from "../../../src/book/schema.ts";

/** The text of `src/book/recipe.schema.json`. A port's range cannot be said in JSON Schema; the program checks it. */
export function recipeJsonSchema(): string {
  const schema = toJsonSchema(recipeFile, { target: "draft-07", ignoreActions: ["check"] });
  return `${JSON.stringify({ title: "homelab recipes", ...schema }, null, 2)}\n`;
}
