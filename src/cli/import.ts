import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { type Imported, importJustfile } from "../book/from-just.ts";
import type { Commands } from "../book/just-names.ts";
import { type JustRecipe, parseJustfile } from "../book/justfile.ts";
import { nearest } from "../book/nearest.ts";
import { ownFile, recipeFiles } from "../book/read.ts";
import { HomelabError, type Position, Problems } from "../errors.ts";
import { readRegularFile } from "../os/file.ts";
import { table } from "../report/table.ts";
import { makeCommand } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { type Context, print, printJson } from "./context.ts";

const KINDS = ["Justfile"];
const NAMES = ["Justfile", "justfile", ".justfile"];

export default makeCommand({
  name: "import",
  description:
    "Makes recipes from an existing Justfile: `ensure-*` recipes become services with their needs, `deploy-*` ones groups, all others tasks; what homelab does by itself is left out, and whatever of it is lost or differs is told with its line. Writes homelab.yml beside it, and never over one that is there.",
  usage: "Justfile [PATH]",
  words: { min: 1, max: 2, label: "what to import: `Justfile`" },
  args: { print: { type: "boolean", description: "print the recipes instead of writing them" } },
  examples: [
    ["homelab import Justfile", "the Justfile here"],
    ["homelab import Justfile ../old/Justfile --print", "another one, to look at"],
  ],
  async run(context, [kind = "", path], { print: printed }) {
    if (!NAMES.includes(kind)) {
      const close = nearest(kind, KINDS);
      throw new HomelabError("usage", `\`${kind}\` cannot be imported`, {
        hint: close ? `did you mean \`homelab import ${close}\`?` : "it is `homelab import Justfile [PATH]`",
      });
    }
    const root = resolve(context.options.root ?? ".");
    const file = path === undefined ? found(root) : resolve(path);
    // One that is named may be a pipe, because somebody writes into it.
    const source = read(file, path === undefined ? readRegularFile : readFileSync);
    const imported = importJustfile(parseJustfile(source), OWN);
    refuseConflicts(imported, source, relative(process.cwd(), file));
    const { Document } = await import("yaml");
    const head = "# yaml-language-server: $schema=.homelab.schema.json\n";
    const text = head + new Document(imported.file).toString({ lineWidth: 0 });
    const target = join(root, ownFile(root));
    const write = !printed && !context.options.dryRun;
    if (write) {
      refuseOthers(root, target);
      writeFileSync(target, text, { flag: "wx" });
    }
    if (context.options.json) {
      const { became, warnings } = imported;
      return printJson({ version: 1, file: write ? target : null, became, warnings, recipes: imported.file });
    }
    if (!write) print(text);
    summarize(context, imported, write ? target : undefined);
  },
});

/** Recipes that are there are not to be touched, and none of their names is to be defined twice. */
function refuseOthers(root: string, target: string): void {
  const { top, more } = recipeFiles(root);
  if (top.length > 0) {
    throw new HomelabError("refused", `${target} is there already, and is not written over`, {
      hint: "`--print` shows what would be in it",
    });
  }
  if (more.length > 0) {
    throw new HomelabError(
      "refused",
      `${join(root, more[0] ?? "")} is there already: names could be defined twice`,
      { hint: `\`--print\` shows what would be in ${target}` },
    );
  }
}

const OWN: Commands = {
  // What yields to tasks may stay what the Justfile makes of it.
  names: new Set(Object.keys(COMMANDS).filter((name) => !COMMANDS[name]?.yields)),
  verbs: new Set(Object.keys(COMMANDS).filter((name) => COMMANDS[name]?.verb)),
};

/** Two recipes with one name cannot both be kept, and which of them is meant is not to be guessed. */
function refuseConflicts({ conflicts }: Imported, source: string, file: string): void {
  const lines = source.split(/\r?\n/);
  const at = ({ line, name }: JustRecipe): Position => {
    const excerpt = lines[line - 1] ?? "";
    return { file, line, column: excerpt.indexOf(name) + 1, length: name.length, excerpt };
  };
  const errors = conflicts.map(({ name, recipes: [first, second] }) => {
    const what =
      first.name === second.name
        ? `\`${name}\` is defined twice`
        : `\`${first.name}\` and \`${second.name}\` would both be \`${name}\``;
    return new HomelabError("recipe-invalid", what, {
      position: at(second),
      notes: [{ text: "the other one is here:", position: at(first) }],
      hint: "give one of them another name in the Justfile, also where it is called, then import again",
    });
  });
  if (errors.length > 0) throw new Problems(errors);
}

function found(root: string): string {
  const name = NAMES.find((each) => existsSync(join(root, each)));
  if (name) return join(root, name);
  throw new HomelabError("usage", `there is no Justfile in ${root}`, {
    hint: "name it: `homelab import Justfile PATH`",
  });
}

function read(file: string, how: (file: string) => Buffer): string {
  try {
    return how(file).toString("utf8");
  } catch (error) {
    throw new HomelabError("usage", `${file} cannot be read (${(error as NodeJS.ErrnoException).code})`, {
      hint: "name another one: `homelab import Justfile PATH`",
    });
  }
}

function summarize(
  { messages, err }: Context,
  { became, warnings }: Imported,
  target: string | undefined,
): void {
  const rows = became.map(({ recipe, what, name }) => [
    recipe,
    what,
    what === "built in" ? (name === "default" ? "homelab" : `homelab ${name}`) : name,
  ]);
  messages.info(table(rows, { style: err }).trimEnd());
  for (const { line, text } of warnings) messages.warn(`line ${line}: ${text}`);
  if (target) messages.info(`wrote ${target}; \`homelab validate\` checks it, \`homelab graph\` shows it`);
}
