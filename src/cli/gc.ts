import { parseDuration } from "../book/duration.ts";
import { HomelabError } from "../errors.ts";
import type { Sorted } from "../hosts/old-generations.ts";
import { formatDate } from "../report/duration.ts";
import { runDocument } from "../report/json.ts";
import {
  type Collecting,
  collectAll,
  deadPaths,
  generationsText,
  oldGenerations,
} from "../run/host/collect.ts";
import { makeCommand } from "./command.ts";
import { type Context, print, printJson } from "./context.ts";
import { bareHost, openHosts, ownName } from "./host/book.ts";
import { runLocked } from "./session.ts";

const USUAL = "30d";

type Work = Collecting & { readonly sorted: Sorted };

export default makeCommand({
  name: "gc",
  description:
    "Removes old generations of the system, and what only they needed, from the store of this machine or of hosts. What runs, what was booted, what boots next and what a rollback goes to always stay, whatever their age. A task of this name in the recipes goes first.",
  usage: "[HOST…]",
  words: { min: 0, max: Number.POSITIVE_INFINITY, label: "" },
  args: {
    "older-than": {
      type: "string",
      valueHint: "AGE",
      description: `remove generations made before that: 14d, 12h (default ${USUAL})`,
    },
    all: { type: "boolean", description: "remove generations of any age" },
  },
  examples: [
    ["homelab gc --dry-run", "which generations of this machine would go, and why others stay"],
    ["homelab gc web db --older-than 14d", "on two hosts at once"],
    ["homelab gc all --yes", "on all hosts, asking nothing: for timers"],
  ],
  async run(context, words, { "older-than": olderThan, all }) {
    const before = beforeOf(olderThan, all === true);
    const { root, machines } = await machinesOf(context, words);
    const works = await Promise.all(
      machines.map(async (each): Promise<Work> => ({ ...each, sorted: await oldGenerations(each, before) })),
    );
    if (context.options.dryRun) return show(context, works);
    await runLocked(
      context,
      root,
      async (session) => {
        await session.ask({
          effects: works.map(effectOf),
          text: "Remove these, and what nothing needs any more?",
        });
        return collectAll({ ...session, root, works });
      },
      (report) => ({ ...runDocument(report), hosts: works.map(document) }),
    );
  },
});

/** Milliseconds since 1970; undefined for whatever age. */
function beforeOf(text: string | undefined, all: boolean): number | undefined {
  if (all && text !== undefined)
    throw new HomelabError("usage", "`--all` and `--older-than` do not go together", {
      hint: "`--all` removes generations of any age",
    });
  if (all) return undefined;
  const age = parseDuration(text ?? USUAL);
  if (age !== undefined) return Date.now() - age;
  throw new HomelabError("usage", `\`--older-than\` takes an age such as 14d, not \`${text}\``);
}

/** Without words it is this machine; `all` and stages stand for the hosts of the recipes. */
async function machinesOf(
  context: Context,
  words: readonly string[],
): Promise<{ root: string; machines: Collecting[] }> {
  const { book, machines, hosts } = await openHosts(context, words);
  const own = { recipe: bareHost(ownName()), machine: machines.of(undefined) };
  if (words.length === 0) return { root: book.root, machines: [own] };
  return { root: book.root, machines: hosts.map((recipe) => ({ recipe, machine: machines.host(recipe) })) };
}

function effectOf({ recipe, sorted: { old, kept } }: Work): string {
  if (kept.length === 0)
    return `${recipe.name}: no generations of a system; what nothing needs goes from its store`;
  const stays = kept.map(({ number, why }) => `${number} (${why})`).join(", ");
  if (old.length === 0) return `${recipe.name}: no generation goes; what stays: ${stays}`;
  const goes = old
    .map(({ number, made }) => `${number} (${formatDate(new Date(made)).slice(0, 10)})`)
    .join(", ");
  return `${recipe.name}: ${generationsText(old.length)}: ${goes}; what stays: ${stays}`;
}

async function show(context: Context, works: readonly Work[]): Promise<void> {
  const dead = await Promise.all(works.map(deadPaths));
  if (context.options.json) {
    const hosts = works.map((work, at) => ({ ...document(work), dead: dead[at] }));
    return printJson({ version: 1, hosts });
  }
  print(
    works.map((work, at) => `${effectOf(work)}\n  ${dead[at]} paths that nothing needs already\n`).join(""),
  );
}

const document = ({ recipe, sorted: { old, kept } }: Work) => ({
  id: recipe.name,
  remove: old.map(({ number, made }) => ({ generation: number, date: new Date(made).toISOString() })),
  keep: kept.map(({ number, why }) => ({ generation: number, why })),
});
