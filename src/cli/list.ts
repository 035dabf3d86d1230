import type { Book, Group, Recipe } from "../book/types.ts";
import { isHere } from "../graph/targets.ts";
import { printable, type Style } from "../report/style.ts";
import { table } from "../report/table.ts";
import { openBook } from "./book.ts";
import { makeCommand } from "./command.ts";
import { print, printJson } from "./context.ts";

export default makeCommand({
  name: "list",
  description: "Shows all recipes by group, one line each. Needs no engine.",
  usage: "",
  words: { min: 0, max: 0, label: "" },
  args: {},
  examples: [
    ["homelab", "the same as `homelab list`"],
    ["homelab list --json", "all recipes as data"],
  ],
  async run(context) {
    const book = await openBook(context);
    if (context.options.json) printJson(document(book));
    else print(text(book, context.out));
  },
});

function text(book: Book, s: Style): string {
  if (book.recipes.size === 0) return "no recipes yet: put compose files into services/<name>/\n";
  const grouped = new Set([...book.groups.values()].flatMap((group) => group.members));
  const rest = [...book.recipes.values()]
    .filter((recipe) => !grouped.has(recipe.name))
    .map((recipe) => recipe.name);
  const sections: Group[] = [...book.groups.values()];
  if (rest.length > 0)
    sections.push({ name: sections.length > 0 ? "in no group" : "recipes", members: rest });
  return sections.map((group) => `${s.bold(group.name)}\n${members(book, group, s)}`).join("\n");
}

function members(book: Book, group: Group, s: Style): string {
  const recipes = group.members
    .map((name) => book.recipes.get(name))
    .filter((recipe) => recipe !== undefined);
  const rows = recipes.map((recipe) => [`  ${recipe.name}`, kind(recipe), describe(recipe, s)]);
  return table(rows, { style: s });
}

const kind = (recipe: Recipe): string => (recipe.kind === "service" ? "" : recipe.kind);

function describe(recipe: Recipe, s: Style): string {
  const needs = recipe.needs.map((need) => need.name).join(", ");
  const parts = [
    ...(recipe.description ? [printable(recipe.description)] : []),
    ...(needs ? [s.dim(`needs ${needs}`)] : []),
    ...(isHere(recipe) ? [] : [s.dim("(no directory here)")]),
  ];
  return parts.join("  ");
}

function document(book: Book) {
  return {
    version: 1,
    root: book.root,
    shipped: book.shipped,
    recipes: [...book.recipes.values()].map((recipe) => ({
      id: recipe.name,
      kind: recipe.kind,
      description: recipe.description ?? null,
      needs: recipe.needs.map(({ name, when }) => ({ id: name, when })),
      after: recipe.after,
      ...(recipe.kind === "service"
        ? { dir: recipe.dir, present: recipe.present, family: recipe.family ?? null }
        : {}),
    })),
    groups: [...book.groups.values()].map(({ name, members: names }) => ({ id: name, members: names })),
  };
}
