import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadBook, shippedBook } from "../book/load.ts";
import { ownFile } from "../book/read.ts";
import type { Book } from "../book/types.ts";
import type { CatalogueEntry } from "../catalogue/catalogue.ts";
import { makeCommand } from "./command.ts";
import { print, printJson } from "./context.ts";
import { entriesFor, filesOf, place } from "./place.ts";
import { findRoot } from "./root.ts";

export default makeCommand({
  name: "add",
  description:
    "Adds services of the catalogue and all that they need: the directory with its compose file, `.env.example` and README, and the recipe where the homelab has recipes of its own. What is there already stays as it is.",
  usage: "NAME…",
  words: {
    min: 1,
    max: Number.POSITIVE_INFINITY,
    label: "a service, family or group of the catalogue, or `all`",
  },
  args: {},
  examples: [
    ["homelab add plex", "with tdarr, deluge and gluetun, which it needs"],
    ["homelab add monitoring", "a group"],
    ["homelab add sonarr-shows --dry-run", "what would be made"],
  ],
  async run(context, words) {
    const root = findRoot(context);
    const shipped = await shippedBook();
    const book = await loadBook(root);
    // What is there under another directory is not added a second time.
    const entries = entriesFor(shipped, words).filter(({ name }) => {
      const recipe = book.recipes.get(name);
      return !(recipe?.kind === "service" && recipe.present);
    });
    const { dryRun, json, quiet } = context.options;
    const placed = place(root, filesOf(entries), dryRun);
    const recipes = await addRecipes(book, shipped, entries, dryRun);
    const services = entries.map(({ name }) => name);
    if (json) return printJson({ version: 1, root, services, ...placed, recipes });
    if (quiet) return;
    for (const path of placed.made) print(`made  ${path}\n`);
    for (const path of placed.kept) print(`kept  ${path}\n`);
    for (const name of recipes) print(`made  the recipe ${name} in ${ownFile(root)}\n`);
    print(
      services.length === 0
        ? "everything of it is here already\n"
        : `next: \`homelab env init\`, fill in what it names, then \`homelab ensure ${words.join(" ")}\`\n`,
    );
  },
});

/** Writes the needs of entries that the homelab's own recipes do not have; comments and order stay. */
async function addRecipes(
  book: Book,
  shipped: Book,
  entries: readonly CatalogueEntry[],
  dryRun: boolean,
): Promise<string[]> {
  if (book.shipped) return [];
  const missing = entries.filter(({ name }) => book.recipes.get(name)?.origin === undefined);
  const needing = missing.flatMap(({ name }) => {
    const needs = shipped.recipes.get(name)?.needs ?? [];
    return needs.length > 0 ? [{ name, needs: needs.map((need) => need.name) }] : [];
  });
  if (needing.length === 0 || dryRun) return needing.map(({ name }) => name);
  const { Document, isMap, parseDocument } = await import("yaml");
  const path = join(book.root, ownFile(book.root));
  const text = readIfThere(path);
  const document = text === undefined ? new Document({}) : parseDocument(text);
  if (!isMap(document.get("services"))) document.set("services", document.createNode({}));
  for (const { name, needs } of needing) {
    const recipe = document.createNode({ needs });
    recipe.flow = true;
    document.setIn(["services", name], recipe);
  }
  writeFileSync(path, document.toString({ flowCollectionPadding: true, lineWidth: 0 }));
  return needing.map(({ name }) => name);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return undefined;
  }
}
