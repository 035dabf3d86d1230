import type { Book, Recipe, ServiceRecipe } from "../book/types.ts";
import type { Docker } from "../docker/client.ts";
import type { LogLine } from "../docker/logs.ts";
import type { Machine } from "../process/machine.ts";
import type { Store } from "../store/store.ts";
import type { ContainerView } from "../units/compose/observe.ts";
import { SecretFinder } from "../units/compose/secret-files.ts";
import type { Context } from "./context.ts";
import type { Engine } from "./engine.ts";

export interface ReadOptions {
  /** Epoch seconds, with a fraction. */
  readonly since?: string | undefined;
  /** How many lines at most, or `all`. */
  readonly tail?: string | undefined;
  readonly follow?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** Something whose lines are shown: a container, or a unit of systemd's. */
export interface Source {
  readonly id: string;
  readonly recipe: string;
  readonly service: string;
  readonly name: string;
  /** Directory of the compose file. */
  readonly dir?: string | undefined;
  /** What a JSON document says of where a line comes from. */
  readonly place: Readonly<Record<string, string>>;
  readonly redact: (text: string) => string;
  read(options: ReadOptions): AsyncGenerator<LogLine>;
}

interface Asked {
  readonly engine: Engine;
  readonly store: Store;
  readonly recipes: readonly Recipe[];
}

/** Everything of the recipes that says something. What says nothing is left out. */
export async function sourcesOf(context: Context, book: Book, asked: Asked): Promise<Source[]> {
  const sources: Source[] = [];
  const containers = await containerSources(context, book, asked);
  const units = await unitSources(asked);
  const hosts = await hostSources(context, book, asked);
  for (const { name } of asked.recipes)
    sources.push(...(containers.get(name) ?? units.get(name) ?? hosts.get(name) ?? []));
  return sources;
}

async function containerSources(
  { env }: Context,
  book: Book,
  { engine: { compose, docker }, store, recipes }: Asked,
): Promise<Map<string, Source[]>> {
  const result = new Map<string, Source[]>();
  if (!compose || !docker) return result;
  const secrets = new SecretFinder(book, store, env);
  const services = recipes.filter((recipe): recipe is ServiceRecipe => recipe.kind === "service");
  await compose.observe(services);
  for (const recipe of services) {
    const views = compose.containersOf(recipe.name);
    if (views.length === 0) continue;
    const redact = await secrets.service(recipe);
    result.set(
      recipe.name,
      views.map((view) => containerSource(docker, recipe.name, view, redact)),
    );
  }
  return result;
}

/** The log of one container. */
export function containerSource(
  docker: Docker,
  recipe: string,
  { id, service, name, dir }: Pick<ContainerView, "id" | "service" | "name" | "dir">,
  redact: Source["redact"],
): Source {
  return {
    ...{ id, recipe, service, name, dir, redact },
    place: { id: recipe, service, container: name },
    async *read(options) {
      const { Config } = await docker.inspect(id);
      yield* docker.logLines(id, { ...options, tty: Config.Tty });
    },
  };
}

async function unitSources({ engine: { drivers }, recipes }: Asked): Promise<Map<string, Source[]>> {
  const result = new Map<string, Source[]>();
  if (!drivers.has("unit") && !drivers.has("microvm")) return result;
  const [{ UnitDriver }, { journalLines }] = await Promise.all([
    import("../units/systemd/driver.ts"),
    import("../systemd/journal.ts"),
  ]);
  for (const [kind, driver] of drivers) {
    if (!(driver instanceof UnitDriver)) continue;
    const own = recipes.filter((recipe) => recipe.kind === kind);
    driver.admit(own);
    for (const { name } of own) {
      const { machine, unit, units } = driver.placeOfLines(name);
      const source: Source = {
        ...{ id: `journal of ${name}`, recipe: name, service: unit, name: unit },
        place: { id: name, unit },
        redact: (text) => text,
        read: (options) => journalLines(machine, units, options),
      };
      result.set(name, [source]);
    }
  }
  return result;
}

async function hostSources({ env }: Context, book: Book, { recipes }: Asked): Promise<Map<string, Source[]>> {
  const hosts = recipes.filter((recipe) => recipe.kind === "host");
  if (hosts.length === 0) return new Map();
  const { Machines } = await import("../ssh/machines.ts");
  const machines = new Machines(book, env);
  return new Map(hosts.map((host) => [host.name, [hostSource(host.name, machines.host(host))]]));
}

/** The journal of a host: that of one unit, or all of it, each line with who wrote it. */
export function hostSource(host: string, machine: Machine, unit?: string): Source {
  const name = unit ?? "journal";
  return {
    ...{ id: `${name} of ${host}`, recipe: host, service: name, name },
    place: { id: host, ...(unit === undefined ? {} : { unit }) },
    redact: (text) => text,
    async *read(options) {
      const { journalLines } = await import("../systemd/journal.ts");
      const units = unit === undefined ? [] : [unit];
      for await (const line of journalLines(machine, units, options)) {
        const by = unit === undefined && line.by !== undefined ? `${line.by}: ` : "";
        yield { ...line, text: `${by}${line.text}` };
      }
    },
  };
}
