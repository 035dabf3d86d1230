import { appendFileSync, chmodSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nearest } from "../book/nearest.ts";
import type { Book, ServiceRecipe } from "../book/types.ts";
import { HomelabError, Problems } from "../errors.ts";
import { trackingOf } from "../git/repository.ts";
import { isHere } from "../graph/targets.ts";
import { checkEnv, type EnvFinding, envKeys, isPlaceholder, missingLines } from "../units/compose/dotenv.ts";
import { readInputs } from "../units/compose/inputs.ts";
import { optionalNames } from "../units/compose/preflight-env.ts";
import { openBook, targetsOf } from "./book.ts";
import { makeCommand } from "./command.ts";
import { type Context, print, printJson } from "./context.ts";
import { type EnvFile, fileError, readEnvFile } from "./env-file.ts";

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
    services.map(async (service) => ({
      id: service.name,
      file: join(service.dir, ".env"),
      findings: await findingsOf(context, book, service),
    })),
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

/** Keys that may be missing. What the compose file says of them counts when it can be read. */
async function optionalOf({ env }: Context, book: Book, recipe: ServiceRecipe): Promise<Set<string>> {
  try {
    return optionalNames(recipe, (await readInputs(book.root, recipe, env)).documents, book.root);
  } catch (error) {
    // Other commands tell of compose files; here it is about the environment.
    if (error instanceof HomelabError) return new Set(recipe.optional);
    throw error;
  }
}

async function findingsOf(context: Context, book: Book, service: ServiceRecipe): Promise<EnvFinding[]> {
  const file = fileOf(service, ".env");
  try {
    const example = readEnvFile(fileOf(service, ".env.example"));
    const actual = readEnvFile(file);
    const optional = await optionalOf(context, book, service);
    if (actual === undefined) return checkEnv({ example, actual, mode: undefined, git: "none", optional });
    const git = await trackingOf(book.root, file.shown, { env: context.env });
    return checkEnv({ example, actual, mode: statSync(file.path).mode & 0o777, git, optional });
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
    return [{ code: "unreadable", wrong: true, text: error.message.replace(file.shown, "it") }];
  }
}

const fileOf = ({ path, dir }: ServiceRecipe, name: string): EnvFile => ({
  path: join(path, name),
  shown: join(dir, name),
});

function line(file: string, { wrong, text, line: at }: EnvFinding, { out: s }: Context): string {
  const place = at === undefined ? file : `${file}:${at}`;
  return `${wrong ? s.red("problem") : s.dim("note")}  ${place}  ${text}\n`;
}

/** Makes or completes the `.env` of each service that has a template. Lines that are there are never changed. */
function init(context: Context, services: readonly ServiceRecipe[]): void {
  const { dryRun, json, quiet } = context.options;
  const results: { id: string; file: string; done: string[]; fill: string[] }[] = [];
  const problems: { id: string; file: string; error: HomelabError }[] = [];
  for (const service of services) {
    const of = { id: service.name, file: join(service.dir, ".env") };
    try {
      const result = complete(service, dryRun);
      if (result.done.length > 0) results.push({ ...of, ...result });
    } catch (error) {
      if (!(error instanceof HomelabError)) throw error;
      problems.push({ ...of, error });
    }
  }
  const [first] = problems;
  if (json) {
    const told = problems.map(({ error, ...of }) => ({ ...of, message: error.message }));
    printJson({ version: 1, services: results, ...(first && { problems: told }) });
    context.exitCode = first?.error.exit ?? 0;
    return;
  }
  for (const { file, done, fill } of quiet ? [] : results) {
    print(`${file}: ${done.join(", ")}\n`);
    if (fill.length > 0) print(`  to be filled in: ${fill.join(", ")}\n`);
  }
  if (first) throw new Problems(problems.map(({ error }) => error));
  if (results.length === 0 && !quiet) print("every service with a template has its environment file\n");
}

function complete(service: ServiceRecipe, dryRun: boolean): { done: string[]; fill: string[] } {
  const example = readEnvFile(fileOf(service, ".env.example"));
  if (example === undefined) return { done: [], fill: [] };
  const file = fileOf(service, ".env");
  const actual = readEnvFile(file);
  try {
    return actual === undefined
      ? make(file.path, example, dryRun)
      : completeWith(file.path, { example, actual }, dryRun);
  } catch (error) {
    throw fileError(file, "written", error);
  }
}

function make(path: string, example: string, dryRun: boolean): { done: string[]; fill: string[] } {
  // Private from its first byte on.
  if (!dryRun) writeFileSync(path, example, { mode: PRIVATE, flag: "wx" });
  return { done: ["made from .env.example"], fill: placeholders(example) };
}

function completeWith(
  path: string,
  { example, actual }: { example: string; actual: string },
  dryRun: boolean,
): { done: string[]; fill: string[] } {
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
