import { expect, test } from "bun:test";
import { recipeSchemaText } from "../../../src/book/schema-text.ts";
import { recipeJsonSchema } from "./json-schema.ts";

test("the JSON Schema for editors says what the program checks (else run scripts/schema)", async () => {
  expect(JSON.parse(await recipeSchemaText())).toEqual(JSON.parse(recipeJsonSchema()));
});

test("every key of a recipe file has a description", async () => {
  const undescribed: string[] = [];
  const visit = (schema: unknown, path: string): void => {
    if (!schema || typeof schema !== "object") return;
    for (const [key, value] of Object.entries(schema)) {
      if (key !== "properties") {
        visit(value, path);
        continue;
      }
      for (const [name, property] of Object.entries(value as Record<string, { description?: string }>)) {
        if (!property.description) undescribed.push(`${path}/${name}`);
        visit(property, `${path}/${name}`);
      }
    }
  };
  visit(JSON.parse(await recipeSchemaText()), "");
  expect(undescribed).toEqual([]);
});
