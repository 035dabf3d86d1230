import { missingDirectory, neederOf } from "../book/missing.ts";
import { position } from "../book/position.ts";
import type { Book, ServiceRecipe } from "../book/types.ts";
import { type Compose, checkCommand, findCompose } from "../docker/compose.ts";
import { dockerEndpoint } from "../docker/endpoint.ts";
import { HomelabError } from "../errors.ts";
import { expandTarget } from "../graph/targets.ts";
import { runProcess } from "../process/runner.ts";
import { errorDocument, renderError } from "../report/errors.ts";
import { Semaphore } from "../run/semaphore.ts";
import { explainFailure } from "../units/compose/failure.ts";
import { type Inputs, readInputs } from "../units/compose/inputs.ts";
import { sameProject } from "../units/compose/project.ts";
import { secretsOf } from "../units/compose/secrets.ts";
import { openBook, targetsOf } from "./book.ts";
import { makeCommand } from "./command.ts";
import { type Context, print, printJson } from "./context.ts";

const DEADLINE_MS = 60_000;
/** Compose is bound to the processor here: more at once gain nothing. */
const DEFAULT_JOBS = 4;

export default makeCommand({
  name: "validate",
  description:
    "Checks recipes and compose files, and fails when anything is wrong. Needs compose, but no running engine.",
  usage: "[TARGET…]",
  words: { min: 0, max: Number.POSITIVE_INFINITY, label: "" },
  args: {},
  examples: [
    ["homelab validate", "everything, for example before a commit"],
    ["homelab validate plex", "one service"],
  ],
  async run(context, words) {
    const book = await openBook(context);
    const names = words.length === 0 ? (expandTarget(book, "all") ?? []) : targetsOf(book, words);
    const services = names
      .map((name) => book.recipes.get(name))
      .filter((recipe) => recipe?.kind === "service");
    const compose = await findCompose(context.env, dockerEndpoint(context.env));
    const slots = new Semaphore(context.options.jobs ?? DEFAULT_JOBS);
    const checked = await Promise.all(
      services.map((service) => slots.use(() => check(book, service, compose, context))),
    );
    const problems = [...checked.flatMap((each) => each.problem ?? []), ...(await collisions(book, checked))];
    report(context, problems, services.filter(({ present }) => present).length);
  },
});

interface Checked {
  readonly service: ServiceRecipe;
  readonly inputs?: Inputs;
  readonly problem?: HomelabError;
}

async function check(
  book: Book,
  service: ServiceRecipe,
  compose: Compose,
  { env }: Context,
): Promise<Checked> {
  if (!service.present) {
    return { service, problem: await missingDirectory(book, service, neederOf(book, service.name)) };
  }
  const cwd = service.path;
  try {
    const inputs = await readInputs(book.root, service, env);
    const result = await runProcess(checkCommand(compose, service.project ?? service.name), {
      cwd,
      env: { ...compose.env, PWD: cwd },
      deadline: DEADLINE_MS,
      redact: secretsOf({ manifest: inputs.manifest, dir: cwd }),
    });
    if (result.exitCode === 0) return { service, inputs };
    const why = explainFailure(result.stderr);
    return {
      service,
      problem: new HomelabError("compose-invalid", `${service.dir}: ${why.text}`, { hint: why.hint }),
    };
  } catch (error) {
    if (error instanceof HomelabError) return { service, problem: error };
    throw error;
  }
}

/** Two services that would be one compose project and have a compose service of the same name. */
async function collisions(book: Book, checked: readonly Checked[]): Promise<HomelabError[]> {
  const problems: HomelabError[] = [];
  const seen = new Map<string, Checked>();
  for (const each of checked) {
    if (!each.inputs) continue;
    const project = each.service.project ?? each.inputs.name ?? each.service.name;
    for (const name of each.inputs.summary.services.keys()) {
      const key = `${project}/${name}`;
      const other = seen.get(key);
      seen.set(key, each);
      if (!other || other === each) continue;
      problems.push(
        sameProject(other.service, each.service, {
          project,
          service: name,
          position: await position(book.root, each.service.origin, ["project"]),
        }),
      );
    }
  }
  return problems;
}

function report(context: Context, problems: readonly HomelabError[], count: number): void {
  if (problems.length > 0) context.exitCode = 78;
  if (context.options.json) {
    printJson({
      version: 1,
      valid: problems.length === 0,
      problems: problems.map((each) => errorDocument(each).error),
    });
    return;
  }
  for (const problem of problems) print(`${renderError(problem, context.out)}\n`);
  const found =
    problems.length === 1
      ? "1 problem"
      : problems.length === 0
        ? "no problems"
        : `${problems.length} problems`;
  if (!context.options.quiet || problems.length > 0) {
    print(`checked the recipes and ${count} compose ${count === 1 ? "project" : "projects"}: ${found}\n`);
  }
}
