import { appendFileSync, chmodSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nearest } from "../book/nearest.ts";
import { errorCode, unreadable } from "../book/read.ts";
import type { Book, ServiceRecipe } from "../book/types.ts";
import { HomelabError } from "../errors.ts";
import { trackingOf } from "../git/repository.ts";
import { isHere } from "../graph/targets.ts";
import { readRegularFile } from "../os/file.ts";
import { checkEnv, type EnvFinding, envKeys, isPlaceholder, missingLines } from "../units/compose/dotenv.ts";
import { openBook, targetsOf } from "./book.ts";
import { makeCommand } from "./command.ts";
import { type Context, print, printJson } from "./context.ts";

const VERBS = ["check", "init"];
const PRIVATE = 0o600;

export default makeCommand({
  name: "env",
  description:
    "Checks the `.env` of services against its `.env.example`: keys that are missing, placeholders that were left, who can read it, whether git would take it. `env init` makes what is missing. Values are never shown.",
  usage: "check|init [TARGET…]",
  words: { min: 1, max: Number.POSITIVE_INFINITY, label: "`check` or `init`" },
  args: {},
  examples: [
    ["homelab env check", "all services; exits with 78 when something is wrong"],
    ["homelab env init plex", "make `.env` from `.env.example`, for its owner alone"],
    ["homelab env init --dry-run", "what would be made"],
  ],
  async run(context, [verb = "", ...words]) {
    if (!VERBS.includes(verb)) {
      const close = nearest(verb, VERBS);
      throw new HomelabError("usage", `\`env\` has no \`${verb}\``, {
        hint: close
          ? `did you mean \`homelab env ${close}\`?`
          : "it is `homelab env check` or `homelab env init`",
      });
    }
    const book = await openBook(context);
    const services = servicesOf(book, words);
    if (verb === "check") await check(context, book, services);
    else init(context, services);
  },
});

function servicesOf(book: Book, words: readonly string[]): ServiceRecipe[] {
  return targetsOf(book, words.length === 0 ? ["all"] : words)
    .flatMap((name) => book.recipes.get(name) ?? [])
    .filter((recipe): recipe is ServiceRecipe => recipe.kind === "service" && isHere(recipe));
}

async function check(context: Context, book: Book, services: readonly ServiceRecipe[]): Promise<void> {
  const results = await Promise.all(
    services.map(async ({ name, dir, path }) => {
      const env = join(path, ".env");
      const actual = read(env);
      const git =
        actual === undefined ? "none" : await trackingOf(book.root, join(dir, ".env"), { env: context.env });
      const mode = actual === undefined ? undefined : statSync(env).mode & 0o777;
      const findings = checkEnv({ example: read(join(path, ".env.example")), actual, mode, git });
      return { id: name, file: join(dir, ".env"), findings };
    }),
  );
  const wrong = results.flatMap(({ findings }) => findings).filter((finding) => finding.wrong).length;
  if (context.options.json) printJson({ version: 1, root: book.root, services: results });
  else {
    const shown = context.options.quiet ? [] : results;
    print(shown.flatMap(({ file, findings }) => findings.map((each) => line(file, each, context))).join(""));
    const count = `${services.length} ${services.length === 1 ? "service" : "services"}`;
    const verdict = wrong === 0 ? "nothing is wrong" : `${wrong} ${wrong === 1 ? "problem" : "problems"}`;
    if (!context.options.quiet) print(`checked the environment files of ${count}: ${verdict}\n`);
  }
  if (wrong > 0) context.exitCode = 78;
}

function line(file: string, { wrong, text, line: at }: EnvFinding, { out: s }: Context): string {
  const place = at === undefined ? file : `${file}:${at}`;
  return `${wrong ? s.red("problem") : s.dim("note")}  ${place}  ${text}\n`;
}

/** Makes or completes the `.env` of each service that has a template. Lines that are there are never changed. */
function init(context: Context, services: readonly ServiceRecipe[]): void {
  const { dryRun, json, quiet } = context.options;
  const results = services.flatMap(({ name, dir, path }) => {
    const example = read(join(path, ".env.example"));
    if (example === undefined) return [];
    const result = complete(join(path, ".env"), example, dryRun);
    return result.done.length > 0 ? [{ id: name, file: join(dir, ".env"), ...result }] : [];
  });
  if (json) printJson({ version: 1, services: results });
  if (json || quiet) return;
  for (const { file, done, fill } of results) {
    print(`${file}: ${done.join(", ")}\n`);
    if (fill.length > 0) print(`  to be filled in: ${fill.join(", ")}\n`);
  }
  if (results.length === 0) print("every service with a template has its environment file\n");
}

function complete(path: string, example: string, dryRun: boolean): { done: string[]; fill: string[] } {
  const actual = read(path);
  if (actual === undefined) {
    // Private from its first byte on.
    if (!dryRun) writeFileSync(path, example, { mode: PRIVATE, flag: "wx" });
    return { done: ["made from .env.example"], fill: placeholders(example) };
  }
  const done: string[] = [];
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o077) !== 0) {
    if (!dryRun) chmodSync(path, PRIVATE);
    done.push(`mode ${mode.toString(8)} made 600`);
  }
  const { text, names } = missingLines(example, actual);
  if (names.length > 0) {
    if (!dryRun) appendFileSync(path, text);
    done.push(`added ${names.join(", ")}`);
  }
  return { done, fill: placeholders(actual + text) };
}

const placeholders = (text: string): string[] =>
  envKeys(text)
    .filter(({ value }) => isPlaceholder(value))
    .map(({ name }) => name);

function read(path: string): string | undefined {
  try {
    return readRegularFile(path).toString("utf8");
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return undefined;
    const { code: kind, message } = unreadable(path, error);
    throw new HomelabError(kind === "permission" ? kind : "not-configured", message, {
      hint: "see `ls -l` of it: it must be a file, and this user must be able to read it",
    });
  }
}
