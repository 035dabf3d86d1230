import type { Book, Need, RecipeKind } from "../book/types.ts";
import { closure } from "../graph/graph.ts";
import type { Driver } from "../units/driver.ts";

/** A book with the needs that nobody had to write, and what contradicts them. */
export interface Derived {
  readonly book: Book;
  readonly names: Set<string>;
  /** One line each. */
  readonly warnings: readonly string[];
}

export interface DeriveRequest {
  readonly book: Book;
  readonly drivers: ReadonlyMap<RecipeKind, Driver>;
  /** Take in what is needed. */
  readonly withNeeds: boolean;
  /** Names of which nothing that they need is taken in. */
  readonly alone?: ReadonlySet<string> | undefined;
  /** Look at what the files say, too, and not only at what is there. */
  readonly parse: boolean;
}

/**
 * Adds to `names`, which were observed, the recipes whose network they share, and all that those need. To share a
 * network is a need even where no recipe says so: the container cannot start before, and dies with it. Where the
 * recipes say the contrary they are followed, with a warning.
 */
export async function deriveNeeds(request: DeriveRequest, names: ReadonlySet<string>): Promise<Derived> {
  const { drivers, withNeeds, parse, alone } = request;
  let { book } = request;
  const all = new Set(names);
  const warnings: string[] = [];
  for (let fresh = [...all]; fresh.length > 0; ) {
    for (const name of fresh) {
      const kind = book.recipes.get(name)?.kind;
      for (const lender of (kind && (await drivers.get(kind)?.lenders(name, parse))) ?? []) {
        const added = withNeed(book, name, lender);
        if (typeof added === "string") warnings.push(added);
        else book = added;
      }
    }
    const needing = [...all].filter((name) => !alone?.has(name));
    fresh = [...(withNeeds ? closure(book.recipes, needing) : all)].filter((name) => !all.has(name));
    for (const name of fresh) all.add(name);
    const found = fresh.flatMap((name) => book.recipes.get(name) ?? []);
    for (const [kind, driver] of drivers) driver.admit(found.filter((recipe) => recipe.kind === kind));
  }
  return { book, names: all, warnings };
}

/** The book in which `name` needs `lender`, or why it cannot. */
function withNeed(book: Book, name: string, lender: string): Book | string {
  const recipe = book.recipes.get(name);
  if (!recipe || name === lender || recipe.needs.some((need) => need.name === lender)) return book;
  if (closure(book.recipes, [lender]).has(name)) {
    return `\`${name}\` shares the network of \`${lender}\`, and yet \`${lender}\` needs \`${name}\`: neither can come first; take \`${name}\` out of what \`${lender}\` needs`;
  }
  const need: Need = { name: lender, when: "healthy" };
  const recipes = new Map(book.recipes).set(name, { ...recipe, needs: [...recipe.needs, need] });
  return { ...book, recipes };
}
