/** The JSON Schema of recipe files, for editors. Generated from the validating schema by `scripts/schema`. */
export async function recipeSchemaText(): Promise<string> {
  const { default: text } = await import("./recipe.schema.json", { with: { type: "text" } });
  return text as unknown as string;
}
