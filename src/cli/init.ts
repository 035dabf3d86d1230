import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { shippedBook } from "../book/load.ts";
import { recipeFiles } from "../book/read.ts";
import { GITIGNORE, HOMELAB_YML, README } from "../catalogue/catalogue.ts";
import { HomelabError } from "../errors.ts";
import { gitDirectory } from "../git/head.ts";
import { runProcess } from "../process/runner.ts";
import { makeCommand } from "./command.ts";
import { type Context, print, printJson } from "./context.ts";
import { entriesFor, filesOf, makeDirectory, place } from "./place.ts";

const GIT_DEADLINE_MS = 60_000;

export default makeCommand({
  name: "init",
  description:
    "Makes a new homelab: a git repository with a recipe file, a `.gitignore` that keeps secrets out, a README, and services of the catalogue where they are named. What is there already stays as it is.",
  usage: "[DIR]",
  words: { min: 0, max: 1, label: "" },
  args: {
    services: {
      type: "string",
      valueHint: "NAMES",
      description: "services, families or groups, or `all`, with commas",
    },
  },
  examples: [
    ["homelab init homelab", "an empty one"],
    ["homelab init --services media,pihole", "here, with a group and a service"],
    ["homelab init --services all --dry-run", "what would be made"],
  ],
  async run(context, [dir], { services }) {
    const root = resolve(dir ?? context.options.root ?? ".");
    const { dryRun } = context.options;
    const words = (services ?? "")
      .split(",")
      .map((word) => word.trim())
      .filter(Boolean);
    const entries = entriesFor(await shippedBook(), words);
    if (!dryRun) makeDirectory(root);
    const repository = existsSync(root) && gitDirectory(root) !== undefined;
    if (!repository && !dryRun) await gitInit(context, root);
    const { top, more } = recipeFiles(root);
    // Who has recipes in files of their own does not want those of the shipped book as well.
    const recipes = top.length === 0 && more.length > 0 ? {} : { [top[0] ?? "homelab.yml"]: HOMELAB_YML };
    const own = { ...recipes, ".gitignore": GITIGNORE, "README.md": README };
    const placed = place(root, { ...own, ...filesOf(entries) }, dryRun);
    if (context.options.json) return printJson({ version: 1, root, repository: !repository, ...placed });
    if (context.options.quiet) return;
    const list = (word: string, paths: readonly string[]) =>
      paths.map((path) => `${word}  ${path}\n`).join("");
    print(
      `${repository ? "" : "made  a git repository\n"}${list("made", placed.made)}${list("kept", placed.kept)}`,
    );
    const next = entries.length > 0 ? "`homelab env init`, fill in what it names" : "`homelab add NAME`";
    print(`next: ${dir === undefined ? "" : `\`cd ${dir}\`, `}${next}, then \`homelab ensure all\`\n`);
  },
});

async function gitInit({ env }: Context, root: string): Promise<void> {
  const { exitCode, stderr } = await runProcess(["git", "init", "--quiet", root], {
    env,
    deadline: GIT_DEADLINE_MS,
  });
  if (exitCode === 0) return;
  throw new HomelabError("step-failed", `git init failed: ${stderr.trim().split("\n").at(-1) ?? ""}`, {
    hint: `try it by hand: \`git init ${root}\``,
  });
}
