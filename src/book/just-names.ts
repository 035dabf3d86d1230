import type { Became } from "./from-just.ts";
import type { JustRecipe, JustWarning } from "./justfile.ts";
import { NAME, RESERVED } from "./schema.ts";

const LONGEST = 63;

/** Gives recipes of a Justfile names that are valid here, and that no other has; another name is told of. */
export class GivenNames {
  private readonly taken = new Set(RESERVED);
  private readonly byRecipe = new Map<string, string>();

  constructor(private readonly warnings: JustWarning[]) {}

  /** Keeps a name from being given. */
  take(name: string): void {
    this.taken.add(name);
  }

  /** The name for a recipe that should be called `wanted`. */
  give(
    { name: recipe, line }: JustRecipe,
    wanted: string,
    what: Exclude<Became["what"], "built in">,
  ): string {
    const plain = wanted.toLowerCase().replaceAll("_", "-").replace(/^-+/, "").slice(0, LONGEST);
    const valid = NAME.test(plain) ? plain : what;
    let name = valid;
    for (let count = 1; this.taken.has(name); count++) {
      const suffix = count === 1 ? `-${what}` : `-${count}`;
      name = valid.slice(0, LONGEST - suffix.length) + suffix;
    }
    this.taken.add(name);
    this.byRecipe.set(recipe, name);
    if (name !== wanted) this.warnings.push({ line, text: `\`${wanted}\` is called \`${name}\` here` });
    return name;
  }

  /** The name that a recipe was given; its own when none was. */
  of(recipe: string): string {
    return this.byRecipe.get(recipe) ?? recipe;
  }
}
