import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Book, ServiceRecipe } from "../../book/types.ts";
import type { Docker } from "../../docker/client.ts";
import type { Pin } from "../../store/pins.ts";
import type { Manifest, Release } from "../../store/releases.ts";
import { hasProbe } from "../probe.ts";
import type { ServiceFacts } from "./decide.ts";
import type { Inputs } from "./input-types.ts";
import { isOneShot } from "./judge.ts";
import { drift } from "./manifest.ts";
import { type LenderQuestion, type Lives, livesOf, lostNetworks } from "./network.ts";
import type { ContainerView, Observation } from "./observe.ts";
import { resolveProject } from "./project.ts";
import { type Trouble, troublesOf } from "./troubles.ts";

/** One service as it was found: what decisions, changes and explanations start from. */
export interface ServiceView {
  readonly recipe: ServiceRecipe;
  /** Absolute, links resolved. */
  readonly dir: string;
  readonly project: string;
  readonly containers: readonly ContainerView[];
  readonly release?: Release | undefined;
  readonly changed: readonly string[];
  /** Whether something changed that compose mounts without looking into it. */
  readonly remount: boolean;
  readonly manifest: Manifest;
  /** Its own compose files, named as in the manifest. */
  readonly compose: readonly string[];
  /** It was put back to an earlier release and stays there. */
  readonly pin?: Pin | undefined;
  readonly composeName?: string | undefined;
  readonly expected: ReadonlyMap<string, number>;
  readonly finished: ReadonlySet<string>;
  /** What the engine says of containers that are stuck, by id. */
  readonly troubles: ReadonlyMap<string, Trouble>;
  /** What its files say, where they had to be read. */
  readonly inputs?: Inputs | undefined;
  /** Names of containers whose network its files say that its own share. */
  readonly lenders: readonly string[];
  /** Lives of those that share a network, where the listing leaves them open. */
  readonly lives: Lives;
}

/** What a service is made from. */
export interface ServiceFiles {
  /** The last release, if it is one of this directory. */
  readonly known?: Release | undefined;
  /** What changed since. */
  readonly changed: readonly string[];
  /** Only read when something changed, or nothing is known. */
  readonly inputs?: Inputs | undefined;
}

export interface ViewOptions {
  readonly book: Book;
  readonly docker: Docker;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Looks at a service's files. They are parsed only when they are not those of the last release. With `pin` it is what
 * it was put back to, and what its files say by now is not looked at.
 * Throws what makes the service impossible as it stands (see `readInputs`).
 */
export async function readFiles(
  recipe: ServiceRecipe,
  release: Release | undefined,
  { book, env }: Pick<ViewOptions, "book" | "env">,
  pin?: Pin,
): Promise<ServiceFiles> {
  const known = release?.dir === recipe.path ? release : undefined;
  const changed = known && !pin ? drift(known.manifest, recipe, env) : [];
  if (known && changed.length === 0) return { known, changed };
  return { known, changed, inputs: await parseFiles(book.root, recipe, env) };
}

/**
 * Puts together all that is known of a service. The engine is asked again only for exited containers that no release
 * knows, and for shared networks of which the listing tells too little.
 * Throws what makes the service impossible as it stands (see `resolveProject`).
 */
export async function viewService(
  recipe: ServiceRecipe,
  observation: Observation,
  release: Release | undefined,
  { known, changed, inputs }: ServiceFiles,
  { docker }: Pick<ViewOptions, "docker">,
  pin?: Pin,
): Promise<ServiceView> {
  const dir = recipe.path;
  const expected = inputs?.expected ?? countServices(release);
  const composeName = inputs ? inputs.name : release?.composeName;
  const { project, containers: found } = resolveProject({
    name: recipe.name,
    dir,
    recipeProject: recipe.project,
    composeName,
    releasedProject: known?.project,
    services: new Set(expected.keys()),
    own: observation.byDir.get(dir) ?? [],
    inProject: (name) => observation.byProject.get(name) ?? [],
    exists: existsSync,
  });
  // A container of a service that the file no longer has (an orphan) says nothing about the ones it has.
  const containers = found.filter((container) => expected.has(container.service));
  return {
    recipe,
    dir,
    project,
    containers,
    release: known,
    changed,
    remount: changed.some((path) => inputs?.mounted.has(path)),
    manifest: manifestOf(inputs, known),
    compose: inputs?.compose ?? known?.compose ?? [],
    pin,
    composeName,
    expected,
    finished: await finishedOneShots(containers, known, docker),
    lenders: inputs?.lenders ?? known?.lenders ?? [],
    lives: await livesOf(docker, containers, observation.byId),
    inputs,
    troubles: await troublesOf(containers, docker),
  };
}

let inputs: Promise<typeof import("./inputs.ts")> | undefined;

/** Loaded when it is needed: most runs find every file as it was. */
export async function parseFiles(
  root: string,
  recipe: ServiceRecipe,
  env: ViewOptions["env"],
): Promise<Inputs> {
  inputs ??= import("./inputs.ts");
  const { readInputs } = await inputs;
  return readInputs(root, recipe, env);
}

export function factsOf(
  view: ServiceView,
  observation: Observation,
  asked: Pick<ServiceFacts, "force" | "restart">,
  touched: LenderQuestion["touched"],
): ServiceFacts {
  const { recipe, containers, expected, release, changed, remount, finished, troubles } = view;
  return {
    containers,
    expected,
    release,
    changed,
    remount,
    newestInput: release || containers.length === 0 ? undefined : newestInput(view),
    finished,
    troubles,
    // What is newer is what it was taken away from.
    images: view.pin ? new Map() : observation.images,
    pinned: view.pin?.why,
    putBack: new Set(view.pin?.made),
    ...asked,
    lost: lostNetworks({ containers, all: observation.byId, lives: view.lives, touched }),
    probed: hasProbe(recipe.ready),
    at: observation.at,
  };
}

function manifestOf(inputs: Inputs | undefined, release: Release | undefined): Manifest {
  const manifest = inputs?.manifest ?? release?.manifest;
  if (!manifest) throw new Error("a service without release has its inputs read");
  return manifest;
}

function countServices(release: Release | undefined): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { service } of release?.containers ?? []) counts.set(service, (counts.get(service) ?? 0) + 1);
  return counts;
}

async function finishedOneShots(
  containers: readonly ContainerView[],
  release: Release | undefined,
  docker: Docker,
): Promise<Set<string>> {
  const unknown = containers.filter(
    (container) =>
      container.state === "exited" &&
      container.exitCode === 0 &&
      !release?.containers.some((known) => known.id === container.id),
  );
  const details = await Promise.all(unknown.map((container) => docker.inspect(container.id)));
  return new Set(details.filter(isOneShot).map((detail) => detail.Id));
}

/** Epoch seconds of the newest file that a service is made from. */
function newestInput({ manifest, dir }: ServiceView): number {
  let newest = 0;
  for (const [path, hash] of manifest.files) {
    if (hash !== null) newest = Math.max(newest, statSync(join(dir, path)).mtimeMs / 1000);
  }
  return newest;
}
