import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ServiceRecipe } from "../../book/types.ts";
import type { Docker } from "../../docker/client.ts";
import type { OtherFiles } from "../../docker/compose.ts";
import { HomelabError } from "../../errors.ts";
import type { Pin } from "../../store/pins.ts";
import {
  type ComposeText,
  identity,
  type Release,
  releaseFiles,
  type StoredRelease,
} from "../../store/releases.ts";
import type { Store } from "../../store/store.ts";
import { parseCompose, summarize } from "./file.ts";
import { hashText, rehash } from "./manifest.ts";

/** The release that is in force, of the ones of a service (the newest first): what it was put back to, else the newest. */
export const releaseInForce = (
  stored: readonly StoredRelease[],
  pin: Pin | undefined,
): StoredRelease | undefined => stored.find(({ id }) => id === pin?.release) ?? stored[0];

/**
 * The release to go back to, of the ones of a service (the newest first): the one that is named, else the newest
 * that is another one than what runs. `runs`: ids of the containers that are there; what was never seen ready is no
 * release, and a rollback that was not seen ready is done once more. Throws `usage` or `refused`, saying what there is.
 */
export function chooseRelease(
  name: string,
  stored: readonly StoredRelease[],
  { pin, runs, to }: { pin: Pin | undefined; runs: ReadonlySet<string>; to: number | undefined },
): StoredRelease {
  const list = `\`homelab rollback ${name} --list\` shows the releases`;
  if (to !== undefined) {
    const found = stored.find(({ id }) => id === to);
    if (found) return found;
    throw new HomelabError("usage", `\`${name}\` has no release ${to}`, { hint: list });
  }
  const current = releaseInForce(stored, pin);
  if (!current) {
    throw new HomelabError("refused", `\`${name}\` has no release: it was never seen ready by homelab`, {
      hint: `\`homelab ensure ${name}\` makes the first one`,
    });
  }
  if (pin?.made || !current.release.containers.every(({ id }) => runs.has(id))) return current;
  // What was put back is the newest release, and a copy of an older one: what comes before counts from there.
  const same = stored.filter(({ release }) => identity(release) === identity(current.release));
  const origin = pin ? (same.at(-1)?.id ?? current.id) : current.id;
  const earlier = stored.find(
    ({ id, release }) => id < origin && identity(release) !== identity(current.release),
  );
  if (earlier) return earlier;
  throw new HomelabError("refused", `\`${name}\` has no release before the one that runs`, { hint: list });
}

/**
 * The compose files of a release, after checking that everything else it was made from is here. Throws `refused`
 * before anything was touched.
 */
export async function requireRestorable(
  docker: Docker,
  store: Store,
  { name, path }: ServiceRecipe,
  { id, release }: StoredRelease,
): Promise<ComposeText[]> {
  const refuse = (why: string, hint: string) =>
    new HomelabError("refused", `\`${name}\` cannot go back to release ${id}: ${why}`, { hint });
  const others = `choose another one: \`homelab rollback ${name} --list\``;
  if (release.dir !== path) throw refuse(`it ran from ${release.dir}`, others);
  const files = releaseFiles(store, id);
  if (files.length === 0) throw refuse("its compose files were not kept", others);
  const gone = await Promise.all(
    release.containers.map(async (container) =>
      (await docker.hasImage(container.imageId)) ? [] : [container],
    ),
  );
  const [missing] = gone.flat();
  if (missing)
    throw refuse(`its image of ${missing.image} (${missing.imageId.slice(7, 19)}) is no longer here`, others);
  const borrowed = borrowedChange(release);
  if (borrowed) {
    throw refuse(
      `${borrowed}, which its compose file includes or extends, has changed since`,
      `put that file back first, with git`,
    );
  }
  return files;
}

/**
 * Compose services that came with what a release replaces: they are not in the release, and either its files do not
 * know them, or what it replaces asks for them. What somebody started by a profile is his own business.
 */
export function cameSince(
  services: Iterable<string>,
  { release, written, expected }: Readonly<Record<"release" | "written" | "expected", ReadonlySet<string>>>,
): Set<string> {
  return new Set(
    [...services].filter((name) => !release.has(name) && (!written.has(name) || expected.has(name))),
  );
}

/** The compose services that a release's own files have, also those that wait for a profile. */
export async function writtenServices(files: readonly ComposeText[]): Promise<Set<string>> {
  const documents = await Promise.all(files.map(({ path, text }) => parseCompose(path, text, () => path)));
  return new Set(summarize(documents).services.keys());
}

/** A YAML file that is not the project's own, and that is not what it was. */
function borrowedChange({ manifest, compose, dir }: Release): string | undefined {
  const yaml = manifest.files.filter(
    ([path, hash]) => hash !== null && /\.ya?ml$/.test(path) && !compose.includes(path),
  );
  const now = new Map(rehash({ files: yaml, variables: [] }, { path: dir }, {}).files);
  return yaml.find(([path, hash]) => now.get(path) !== hash)?.[0];
}

/** Writes the files with which compose makes a release again: its own ones, and one that names the images by id. */
export function writeReleaseFiles(
  store: Store,
  root: string,
  { name, path }: ServiceRecipe,
  files: readonly ComposeText[],
  release: Release,
): OtherFiles {
  const dir = join(store.directory, "pins", `${hashText(root).replace(/\W/g, "").slice(0, 12)}-${name}`);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const services = Object.fromEntries(
    release.containers.map(({ service, imageId }) => [service, { image: imageId, pull_policy: "never" }]),
  );
  const texts = [...files.map(({ text }) => text), `${JSON.stringify({ services }, null, 2)}\n`];
  const paths = texts.map((text, index) => {
    const file = join(dir, `${index + 1}.yml`);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  });
  return { dir: path, files: paths };
}
