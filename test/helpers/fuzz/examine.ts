import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { importJustfile } from "../../../src/book/from-just.ts";
import type { Commands } from "../../../src/book/just-names.ts";
import { parseJustfile } from "../../../src/book/justfile.ts";
import type { Book, ServiceRecipe } from "../../../src/book/types.ts";
import { checkFile } from "../../../src/book/validate.ts";
import { openBook } from "../../../src/cli/book.ts";
import { COMMANDS } from "../../../src/cli/commands.ts";
import { type Context, makeContext } from "../../../src/cli/context.ts";
import { takeGlobals } from "../../../src/cli/options.ts";
import { HomelabError } from "../../../src/errors.ts";
import { edgesOf, renderDot, renderMermaid, renderTree, reverse } from "../../../src/graph/render.ts";
import { resolveTargets, targetNames } from "../../../src/graph/targets.ts";
import { makePlan } from "../../../src/plan/make.ts";
import { planDocument } from "../../../src/report/json.ts";
import { style } from "../../../src/report/style.ts";
import { decide } from "../../../src/units/compose/decide.ts";
import { ambiguousLines, checkEnv, envKeys, missingLines } from "../../../src/units/compose/dotenv.ts";
import { factsOf, readFiles, viewService } from "../../../src/units/compose/facts.ts";
import { readInputs } from "../../../src/units/compose/inputs.ts";
import { drift } from "../../../src/units/compose/manifest.ts";
import type { ContainerView, Observation } from "../../../src/units/compose/observe.ts";
import { secretsOf } from "../../../src/units/compose/secrets.ts";
import { checkError } from "./errors.ts";
import { type Home, inventory, textsOf } from "./home.ts";
import { secretsIn } from "./secrets.ts";

export interface Examined {
  /** All that the program made of the homelab. */
  readonly answer: string;
  /** What it must not have done. */
  readonly wrong: readonly string[];
}

/** Does all that the program does with files, short of starting anything, and says what went wrong in that. */
export async function examine(root: string, home: Home): Promise<Examined> {
  const before = inventory(root);
  const look = new Look(root, home);
  const book = await look.at("book", () => openBook(look.context));
  if (book) await look.at("what a book is good for", () => useBook(look, book));
  const services = [...(book?.recipes.values() ?? [])].filter(
    (each) => each.kind === "service" && each.present,
  );
  for (const service of services) await lookAtService(look, book as Book, service as ServiceRecipe);
  const texts = textsOf(home);
  const just = texts.get("Justfile");
  if (just !== undefined) await look.at("import", () => importOf(look, just));
  const own = texts.get("services/app/.env");
  if (own !== undefined)
    await look.at("environment", () => environment(look, texts.get("services/app/.env.example"), own));
  look.expectNoSecret("the answer", look.answer.join("\n"));
  if (inventory(root) !== before) look.wrong.push("files were changed");
  return { answer: [...look.answer, ...look.notes].join("\n"), wrong: look.wrong };
}

class Look {
  readonly answer: string[] = [];
  readonly notes: string[] = [];
  readonly wrong: string[] = [];
  readonly context: Context;
  private readonly secrets: readonly string[];

  constructor(
    readonly root: string,
    home: Home,
  ) {
    const { globals } = takeGlobals(["--root", root]);
    this.context = {
      ...makeContext(globals, "fuzz"),
      messages: { warn: (text) => this.say(text), info() {}, debug() {} },
    };
    this.secrets = secretsIn(home);
  }

  say(text: string): void {
    this.answer.push(text);
  }

  /** What is kept, and shown to nobody. */
  note(text: string): void {
    this.notes.push(text);
  }

  /** What `work` gives; an error of the program's own is a part of the answer, any other is wrong. */
  async at<T>(name: string, work: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof HomelabError)) {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.wrong.push(`${name}: ${text.split("\n").slice(0, 6).join("\n")}`);
        return undefined;
      }
      const { text, wrong } = checkError(error, (file) => textOf(this.root, file));
      this.wrong.push(...wrong.map((each) => `${name}: ${each}`));
      this.expectNoSecret(`the error of ${name}`, text);
      this.say(text);
      return undefined;
    }
  }

  expectNoSecret(where: string, text: string): void {
    const shown = this.secrets.find((secret) => text.includes(secret));
    if (shown !== undefined) this.wrong.push(`${where} shows the secret ${shown}: ${text.slice(0, 400)}`);
  }
}

function textOf(root: string, file: string): string | undefined {
  try {
    return readFileSync(isAbsolute(file) ? file : join(root, file), "utf8");
  } catch {
    // Then no position in it can be right, which is what is asked.
    return undefined;
  }
}

async function useBook(look: Look, book: Book): Promise<void> {
  const resolved = resolveTargets(book, targetNames(book));
  const targets = "names" in resolved ? resolved.names : [];
  if ("unknown" in resolved) look.wrong.push(`the target ${resolved.unknown} means nothing`);
  const edges = edgesOf(book.recipes);
  look.say(renderTree(edges, undefined, style(false)));
  look.say(renderTree(reverse(edges), targets, style(false)));
  look.say(renderMermaid(edges) + renderDot(edges));
  look.say(JSON.stringify([...book.recipes.values(), ...book.groups.values()]));
  await look.at("plan", async () => {
    const holds = { get: () => undefined };
    const request = {
      book,
      targets,
      outright: new Set(targets),
      drivers: new Map(),
      force: false,
      withNeeds: true,
      holds,
    };
    const { plan } = await makePlan(request);
    look.say(JSON.stringify(planDocument(plan)));
  });
}

async function lookAtService(look: Look, book: Book, recipe: ServiceRecipe): Promise<void> {
  const { env } = look.context;
  const inputs = await look.at("inputs", () => readInputs(book.root, recipe, env));
  if (!inputs) return;
  look.note(JSON.stringify([inputs.manifest, inputs.compose, [...inputs.expected], [...inputs.mounted]]));
  await look.at("decision", async () => {
    for (const observation of [NOTHING, running(recipe, [...inputs.expected.keys()])]) {
      // No container is one that the engine would have to be asked about.
      const options = { book, env, docker: undefined as never };
      const files = await readFiles(recipe, undefined, options);
      const view = await viewService(recipe, observation, undefined, files, options);
      const { action, reason } = decide(
        factsOf(view, observation, { force: false, restart: false }, new Set()),
      );
      look.say(`${action} ${reason.text}`);
    }
  });
  await look.at("manifest", () => {
    const changed = drift(inputs.manifest, recipe, env);
    if (changed.length > 0) look.wrong.push(`nothing was changed, and yet: ${changed.join(", ")}`);
  });
  await look.at("secrets", () => {
    secretsOf({ manifest: inputs.manifest, dir: recipe.path }, env)("nothing");
  });
}

const observationOf = (containers: readonly ContainerView[]): Observation => ({
  at: 0,
  containers,
  byId: new Map(containers.map((container) => [container.id, container])),
  byDir: Map.groupBy(containers, (container) => container.dir),
  byProject: Map.groupBy(containers, (container) => container.project),
  images: new Map(),
});
const NOTHING = observationOf([]);

const running = ({ path, name }: ServiceRecipe, services: readonly string[]): Observation =>
  observationOf(
    services.map((service) => ({
      id: service,
      name: service,
      service,
      project: name,
      dir: path,
      image: "x",
      imageId: "x",
      state: "running",
      health: "none",
      status: "Up 2 hours",
      created: 0,
      configHash: "",
    })),
  );

const OWN: Commands = {
  names: new Set(Object.keys(COMMANDS)),
  verbs: new Set(Object.keys(COMMANDS).filter((name) => COMMANDS[name]?.verb)),
};

function importOf(look: Look, text: string): void {
  const imported = importJustfile(parseJustfile(text), OWN);
  look.say(JSON.stringify(imported));
  // Refused as a whole.
  if (imported.conflicts.length > 0) return;
  const { faults } = checkFile("homelab.yml", imported.file);
  for (const fault of faults) look.wrong.push(`the imported recipes are not valid: ${fault.message}`);
}

function environment(look: Look, example: string | undefined, actual: string): void {
  const findings = checkEnv({ example, actual, mode: 0o644, git: "open" });
  look.say(JSON.stringify([findings, ambiguousLines(actual)]));
  const count = actual.split("\n").length;
  for (const { line } of findings) {
    if (line !== undefined && (line < 1 || line > count))
      look.wrong.push(`a finding in line ${line} of ${count}`);
  }
  const { text, names } = missingLines(example ?? "", actual);
  // Behind a quote that nobody closed, whatever is added is a part of the value.
  const isOpen = QUOTES.some((quote) => envKeys(`${actual}\nZ_Z=${quote}1${quote}\n`).at(-1)?.value !== "1");
  if (isOpen || !(example ?? "").split("\n").every((line) => ONE_VALUE.test(line))) return;
  const wanted = new Map(envKeys(example ?? "").map((key) => [key.name, key.value]));
  const have = new Map(envKeys(actual + text).map((key) => [key.name, key.value]));
  const still = names.filter((name) => have.get(name) !== wanted.get(name));
  if (still.length > 0) look.wrong.push(`completed, and still missing: ${still.join(", ")}`);
}

const QUOTES = ['"', "'", "`"];
/** A line that everybody reads in the same way: nothing, a comment, or a key with a value whose quotes are closed. */
const ONE_VALUE = /^(?:[ \t]*(?:#[^"'`]*)?|(?:export )?\w+=(?:[^"'`]*|(["'`])[^"'`]*\1))$/;
