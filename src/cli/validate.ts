import { existsSync } from "node:fs";
import { missingDirectory, neederOf } from "../book/missing.ts";
import { position } from "../book/position.ts";
import type { Book, ServiceRecipe } from "../book/types.ts";
import { Docker } from "../docker/client.ts";
import { type Compose, checkCommand, findCompose } from "../docker/compose.ts";
import { dockerEndpoint } from "../docker/endpoint.ts";
import { HomelabError } from "../errors.ts";
import { expandTarget } from "../graph/targets.ts";
import { isMounted, mountPoints } from "../os/mounts.ts";
import { runProcess } from "../process/runner.ts";
import { Semaphore } from "../process/semaphore.ts";
import { errorDocument, renderError } from "../report/errors.ts";
import { printable } from "../report/style.ts";
import { placeOf } from "../units/compose/clash-place.ts";
import {
  type Clash,
  missingExternals,
  missingSources,
  nameClashes,
  networkClashes,
  portClashes,
  type Resolved,
  type ResolvedProject,
} from "../units/compose/clashes.ts";
import { explainFailure } from "../units/compose/failure.ts";
import type { Inputs } from "../units/compose/input-types.ts";
import { readInputs } from "../units/compose/inputs.ts";
import { strangeProbes } from "../units/compose/probe-check.ts";
import { sameProject } from "../units/compose/project.ts";
import { secretsOf } from "../units/compose/secrets.ts";
import { openBook, targetsOf } from "./book.ts";
import { makeCommand } from "./command.ts";
import { type Context, print, printJson } from "./context.ts";

const DEADLINE_MS = 60_000;
/** More than any resolved compose file has. */
const MOST_BYTES = 16 * 1024 * 1024;
/** Compose is bound to the processor here: more at once gain nothing. */
const DEFAULT_JOBS = 4;

export default makeCommand({
  name: "validate",
  description:
    "Checks recipes and compose files, each by itself and against each other: projects, host ports, container names, shared networks, mounted directories, external networks and volumes. Fails when something is wrong. Needs compose; of a running engine only what is external is asked.",
  usage: "[TARGET…]",
  words: { min: 0, max: Number.POSITIVE_INFINITY, label: "" },
  args: { strict: { type: "boolean", description: "fail for warnings as well" } },
  examples: [
    ["homelab validate", "everything, for example before a commit"],
    ["homelab validate plex", "one service"],
  ],
  async run(context, words, { strict }) {
    const book = await openBook(context);
    const names = words.length === 0 ? (expandTarget(book, "all") ?? []) : targetsOf(book, words);
    const services = names
      .map((name) => book.recipes.get(name))
      .filter((recipe) => recipe?.kind === "service");
    // Without a service there is nothing that compose would be asked.
    const compose =
      services.length > 0 ? await findCompose(context.env, dockerEndpoint(context.env)) : undefined;
    const slots = new Semaphore(context.options.jobs ?? DEFAULT_JOBS);
    const checked = await Promise.all(
      services.map((service) => slots.use(() => check(book, service, compose as Compose, context))),
    );
    const clashes = await findClashes(context, checked);
    const mask = (text: string) => checked.reduce((masked, { redact }) => redact?.(masked) ?? masked, text);
    const errors = (severity: Clash["severity"]) =>
      clashes.filter((clash) => clash.severity === severity).map((clash) => clashError(clash, mask));
    const problems = [
      ...checked.flatMap((each) => each.problem ?? []),
      ...(await collisions(book, checked)),
      ...errors("error"),
    ];
    const warnings = errors("warning");
    report(context, problems, warnings, services.filter(({ present }) => present).length);
    if (strict && warnings.length > 0) context.exitCode = 78;
  },
});

interface Checked {
  readonly service: ServiceRecipe;
  readonly inputs?: Inputs;
  readonly project?: ResolvedProject;
  readonly redact?: (text: string) => string;
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
    // What is compared is the real thing; only what is shown of it is masked.
    const redact = secretsOf({ manifest: inputs.manifest, dir: cwd }, env);
    const result = await runProcess(checkCommand(compose, service.project ?? service.name), {
      cwd,
      env: { ...compose.env, PWD: cwd },
      deadline: DEADLINE_MS,
      keep: MOST_BYTES,
    });
    if (result.exitCode === 0) return { service, inputs, redact, project: JSON.parse(result.stdout) };
    const why = explainFailure(redact(result.stderr));
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

/** What services do to each other, and to what is outside of them. */
async function findClashes({ env, messages }: Context, checked: readonly Checked[]): Promise<Clash[]> {
  const resolved = checked.flatMap(({ service: recipe, project }) => (project ? [{ recipe, project }] : []));
  const clashes = [
    ...portClashes(resolved),
    ...nameClashes(resolved),
    ...networkClashes(resolved),
    ...missingSources(resolved, existsSync),
    ...missingMounts(resolved),
    ...strangeProbes(resolved),
  ];
  const asked = missingExternals(resolved, { networks: new Set(), volumes: new Set() });
  if (asked.length === 0) return clashes;
  try {
    const docker = await Docker.connect(dockerEndpoint(env));
    return [...clashes, ...missingExternals(resolved, await docker.places())];
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
    messages.warn(`external networks and volumes were not looked for: ${error.message}`);
    return clashes;
  }
}

function missingMounts(all: readonly Resolved[]): Clash[] {
  if (all.every(({ recipe }) => recipe.mounts.length === 0)) return [];
  const mounted = mountPoints();
  return all.flatMap(({ recipe }) =>
    recipe.mounts
      .filter((path) => mounted && !isMounted(path, mounted))
      .map((path): Clash => {
        const text = `\`${recipe.name}\` needs ${path}, and nothing is mounted there`;
        return { recipe, needle: path, severity: "warning", text, hint: `mount it: \`mount ${path}\`` };
      }),
  );
}

/** A clash as an error, with its place in the compose file where its text stands there as such. */
const clashError = ({ recipe, needle, text, hint }: Clash, mask: (text: string) => string): HomelabError =>
  new HomelabError("compose-invalid", mask(text), { hint: mask(hint), position: placeOf(recipe, needle) });

function report(
  context: Context,
  problems: readonly HomelabError[],
  warnings: readonly HomelabError[],
  count: number,
): void {
  if (problems.length > 0) context.exitCode = 78;
  if (context.options.json) {
    printJson({
      version: 1,
      valid: problems.length === 0,
      problems: problems.map((each) => errorDocument(each).error),
      warnings: warnings.map((each) => errorDocument(each).error),
    });
    return;
  }
  for (const problem of problems) print(`${renderError(problem, context.out)}\n`);
  for (const { message, position: at, hint } of context.options.quiet ? [] : warnings) {
    const where = at ? ` (${at.file}:${at.line}:${at.column})` : "";
    print(
      `${context.out.yellow("warning:")} ${printable(message)}${where}\n  hint: ${printable(hint ?? "")}\n`,
    );
  }
  const found =
    problems.length === 1
      ? "1 problem"
      : problems.length === 0
        ? "no problems"
        : `${problems.length} problems`;
  const more =
    warnings.length > 0 ? `, ${warnings.length} ${warnings.length === 1 ? "warning" : "warnings"}` : "";
  if (!context.options.quiet || problems.length > 0) {
    print(
      `checked the recipes and ${count} compose ${count === 1 ? "project" : "projects"}: ${found}${more}\n`,
    );
  }
}
