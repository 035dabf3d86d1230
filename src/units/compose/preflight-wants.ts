import { dirname } from "node:path";
import type { ServiceRecipe } from "../../book/types.ts";
import { checkCommand } from "../../docker/compose.ts";
import { HomelabError } from "../../errors.ts";
import { runProcess } from "../../process/runner.ts";
import type { ResolvedProject } from "./clashes.ts";
import type { ServiceCore } from "./core.ts";
import type { ServiceView } from "./facts.ts";
import type { Inputs } from "./input-types.ts";
import { readInputs } from "./inputs.ts";
import { secretsOf } from "./secrets.ts";
import { makesSource, wantedOf } from "./wanted.ts";

const DEADLINE_MS = 60_000;
/** More than any resolved compose file has. */
const MOST_BYTES = 16 * 1024 * 1024;

/** What the files of a service ask for. */
export interface Want {
  readonly inputs: Inputs;
  /** Undefined when compose would have to say it and does not: then it says why when it is at work. */
  readonly project?: ResolvedProject | undefined;
}

type Asker = { readonly recipe: ServiceRecipe; readonly view?: ServiceView | undefined };

/** What services want, read once in a plan. */
export class Wants {
  private readonly known = new Map<string, Promise<Want | undefined>>();

  constructor(private readonly core: ServiceCore) {}

  /** Undefined for files that cannot be read. */
  of(asker: Asker): Promise<Want | undefined> {
    const { name } = asker.recipe;
    const known = this.known.get(name) ?? this.read(asker);
    this.known.set(name, known);
    return known;
  }

  /** The recipe whose compose file makes a network or volume of this name. */
  async makerOf(place: string, but: ServiceRecipe): Promise<string | undefined> {
    for (const recipe of this.core.options.book.recipes.values()) {
      if (recipe.kind !== "service" || !recipe.present || recipe === but) continue;
      const project = (await this.of(this.core.works.get(recipe.name) ?? { recipe }))?.project;
      const places = [...Object.values(project?.networks ?? {}), ...Object.values(project?.volumes ?? {})];
      if (places.some((each) => each?.name === place && !each.external)) return recipe.name;
    }
    return undefined;
  }

  private async read({ recipe, view }: Asker): Promise<Want | undefined> {
    const { book, env } = this.core.options;
    try {
      const inputs = view?.inputs ?? (await readInputs(book.root, recipe, env));
      const project = view?.project ?? recipe.project ?? inputs.name ?? recipe.name;
      const dir = dirname(inputs.documents[0]?.path ?? recipe.path);
      const { documents, lookup, expected: services } = inputs;
      const own = wantedOf({ documents, lookup, dir, project, services });
      return { inputs, project: own ?? (await this.ask(recipe, project, inputs)) };
    } catch (error) {
      if (error instanceof HomelabError) return undefined;
      throw error;
    }
  }

  /** The same by compose itself, for files that are put together. */
  private async ask(
    recipe: ServiceRecipe,
    project: string,
    inputs: Inputs,
  ): Promise<ResolvedProject | undefined> {
    const compose = await this.core.findCompose();
    const { exitCode, stdout } = await runProcess(checkCommand(compose, project), {
      cwd: recipe.path,
      env: { ...compose.env, PWD: recipe.path },
      deadline: DEADLINE_MS,
      keep: MOST_BYTES,
    });
    if (exitCode !== 0) return undefined;
    const asked = JSON.parse(stdout) as ResolvedProject;
    const made = makesSource(inputs.documents);
    const mask = secretsOf({ manifest: inputs.manifest, dir: recipe.path }, compose.env);
    const services = Object.entries(asked.services ?? {}).map(([name, service]) => {
      // Compose writes the short form as if it said that the source may be made.
      const volumes = (service.volumes ?? []).map((mount) => ({
        ...mount,
        written: mount.source === undefined ? "" : mask(mount.source),
        bind: { create_host_path: made.has(mount.target ?? "") },
      }));
      // Of a range the engine takes any that is free; on the host's own network there is nothing to be published.
      const ports = (service.network_mode === "host" ? [] : (service.ports ?? [])).filter(
        ({ published }) => !published?.includes("-"),
      );
      return [name, { ...service, volumes, ports }] as const;
    });
    return { ...asked, services: Object.fromEntries(services) };
  }
}
