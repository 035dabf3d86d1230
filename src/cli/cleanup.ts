import { existsSync } from "node:fs";
import { loadBook } from "../book/load.ts";
import type { Book, ServiceRecipe } from "../book/types.ts";
import type { Docker } from "../docker/client.ts";
import { findCompose } from "../docker/compose.ts";
import type { ImageSummary } from "../docker/types.ts";
import { HomelabError } from "../errors.ts";
import { isHere } from "../graph/targets.ts";
import { formatBytes } from "../os/bytes.ts";
import { removable, repositoryOf, withoutTag } from "../plan/cleanup.ts";
import { formatDuration } from "../report/duration.ts";
import { cleanup, cleanupPlan, type LeftContainer, nameOf } from "../run/cleanup.ts";
import { notedImages } from "../store/images.ts";
import { imagesOfReleases, type ReleasedImages } from "../store/releases.ts";
import { Store } from "../store/store.ts";
import { normalizeImage } from "../units/compose/decide.ts";
import { imagesOfServices } from "../units/compose/images.ts";
import { findOrphans } from "../units/compose/orphans.ts";
import { confirm } from "./ask.ts";
import { openBook } from "./book.ts";
import { makeCommand } from "./command.ts";
import type { Context } from "./context.ts";
import { connectDocker } from "./engine.ts";
import { printPlan } from "./plan.ts";
import { runLocked } from "./session.ts";

/** Lines of a question that a person still reads. */
const SHOWN = 20;

export default makeCommand({
  name: "cleanup",
  description:
    "Removes images that nothing needs: no container, running or not, no compose file in whatever way, and no current or previous release of a service, whoever deployed it. With --orphans, containers that are left of services which a compose file no longer has, and no images. Volumes and networks are never touched.",
  usage: "",
  words: { min: 0, max: 0, label: "" },
  args: {
    all: { type: "boolean", description: "also unused images that no service here ever had to do with" },
    orphans: {
      type: "boolean",
      description: "instead, containers of services that the compose file in their directory no longer has",
    },
  },
  examples: [
    ["homelab cleanup --dry-run", "what would go"],
    ["homelab cleanup --orphans --dry-run", "what is left of earlier services, with age and size"],
    ["homelab cleanup --yes", "in cron, every month"],
  ],
  async run(context, _words, { all, orphans }) {
    const book = await openBook(context);
    const docker = await connectDocker(context);
    const find = async () => (orphans ? [] : findRemovable(context, book, docker, all === true));
    const findLeft = () => leftContainers(context, book, docker);
    const found = await find();
    const left = orphans || context.options.dryRun ? await findLeft() : [];
    if (context.options.dryRun) {
      if (!context.options.json) {
        context.messages.info(orphans ? containers(left) : total(found));
        const verb = left.length === 1 ? "stays" : "stay";
        if (!orphans && left.length > 0)
          context.messages.info(
            `${containers(left)} ${verb}: \`--orphans --dry-run\` shows what is left of earlier services`,
          );
      }
      return printPlan(context, cleanupPlan(book.root, found, orphans ? left : []));
    }
    const effects = orphans ? left.map(({ name, about }) => `${name} (${about})`) : effectsOf(found);
    const what = orphans ? containers(left) : total(found);
    if (effects.length > 0) await confirm(context, { effects, text: `Remove ${what}?` });
    await runLocked(context, book.root, (session) =>
      cleanup({
        ...session,
        root: book.root,
        docker,
        find,
        findLeft: orphans ? findLeft : undefined,
        told: (before, after) =>
          session.listener.message(`images took ${formatBytes(before)} and take ${formatBytes(after)} now`),
      }),
    );
  },
});

/** Services of which something is in the repository. */
const present = (book: Book): ServiceRecipe[] =>
  [...book.recipes.values()].filter(
    (recipe): recipe is ServiceRecipe => recipe.kind === "service" && isHere(recipe),
  );

/** Containers that are left of earlier services, each with whose it was, its age and size. */
async function leftContainers(context: Context, book: Book, docker: Docker): Promise<LeftContainer[]> {
  const store = Store.openReadonly(context.env, (text) => context.messages.warn(text));
  const orphans = await findOrphans(present(book), {
    root: book.root,
    env: context.env,
    docker,
    store,
    skipped: ({ name }, { message }) =>
      context.messages.warn(`what is left of earlier services of ${name} is not known: ${message}`),
  });
  store.close();
  return Promise.all(
    orphans.map(async ({ id, name, service, recipe, created, status }) => {
      const age = ageOf(Date.now() - created * 1000);
      const size = formatBytes(await docker.writtenBytes(id));
      const about = `left of the service \`${service}\` of ${recipe}, made ${age} ago, ${size}, ${lowerFirst(status)}`;
      return { id, name, about };
    }),
  );
}

const DAY_MS = 24 * 3_600_000;
const ageOf = (ms: number): string =>
  ms < 2 * DAY_MS ? formatDuration(ms) : `${Math.floor(ms / DAY_MS)} days`;
const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
const containers = (all: readonly LeftContainer[]): string =>
  `${all.length} ${all.length === 1 ? "container" : "containers"}`;

async function findRemovable(
  context: Context,
  book: Book,
  docker: Docker,
  all: boolean,
): Promise<ImageSummary[]> {
  const named = await namedImages(context, book, docker, (reason) => {
    // An image that only this service names would go, and its next start would have to get it again.
    throw reason;
  });
  const store = Store.openReadonly(context.env, (text) => context.messages.warn(text));
  const released = imagesOfReleases(store);
  store.close();
  const others = await namedElsewhere(context, book.root, docker, released);
  const own = [...named, ...referencesOf(released.get(book.root)?.names ?? [])];
  const [images, used] = await Promise.all([docker.allImages(), docker.usedImages()]);
  return removable({
    images,
    used,
    wanted: new Set([...named, ...others.wanted]),
    kept: new Set([...[...released.values()].flatMap(({ ids }) => [...ids]), ...notedImages(book.root)]),
    repositories: new Set(own.map(repositoryOf)),
    doubtful: new Set(others.doubtful.map(repositoryOf)),
    all,
  });
}

/** What `cleanup` would free, in words for a hint; undefined when that cannot be known. */
export async function freeable(context: Context, book: Book, docker: Docker): Promise<string | undefined> {
  try {
    const found = await findRemovable(context, book, docker, false);
    if (found.length === 0) return "`homelab cleanup` would find no image to remove";
    return `\`homelab cleanup\` would remove ${total(found)}`;
  } catch (error) {
    // The lack of space is what has to be told; that this cannot be counted must not hide it.
    if (error instanceof HomelabError) return undefined;
    throw error;
  }
}

/** What the homelabs that share the state directory name; where that is not known, what they had. */
async function namedElsewhere(
  context: Context,
  root: string,
  docker: Docker,
  released: ReadonlyMap<string, ReleasedImages>,
): Promise<{ wanted: string[]; doubtful: string[] }> {
  const wanted: string[] = [];
  const doubtful: string[] = [];
  for (const [other, { names }] of released) {
    if (other === root || !existsSync(other)) continue;
    const unknown = (reason: HomelabError) => {
      context.messages.warn(`images of ${other} stay: ${reason.message}`);
      doubtful.push(...referencesOf(names));
    };
    try {
      wanted.push(...(await namedImages(context, await loadBook(other), docker, unknown)));
    } catch (error) {
      if (!(error instanceof HomelabError)) throw error;
      unknown(error);
    }
  }
  return { wanted, doubtful };
}

/** All images that the services of a book name, as the engine writes them. */
async function namedImages(
  context: Context,
  { root, recipes }: Book,
  docker: Docker,
  unknown: (reason: HomelabError) => void,
): Promise<string[]> {
  const services = [...recipes.values()].filter(
    (recipe): recipe is ServiceRecipe => recipe.kind === "service" && isHere(recipe),
  );
  const use = await imagesOfServices(services, {
    root,
    env: context.env,
    compose: () => findCompose(context.env, docker.endpoint),
    every: true,
    skipped: ({ name }, { message, hint }) =>
      unknown(new HomelabError("refused", `what ${name} needs is not known: ${message}`, { hint })),
  });
  return referencesOf(use.keys());
}

const referencesOf = (images: Iterable<string>): string[] => [...images].map(normalizeImage).map(withoutTag);

const total = (images: readonly ImageSummary[]): string => {
  const bytes = images.reduce((sum, image) => sum + image.Size, 0);
  return `${images.length} ${images.length === 1 ? "image" : "images"} of ${formatBytes(bytes)}`;
};

function effectsOf(images: readonly ImageSummary[]): string[] {
  const lines = images.slice(0, SHOWN).map((image) => `${nameOf(image)} (${formatBytes(image.Size)})`);
  return images.length > SHOWN ? [...lines, `and ${images.length - SHOWN} more`] : lines;
}
