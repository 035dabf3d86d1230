import type { ImageSummary } from "../docker/types.ts";

export interface CleanupFacts {
  readonly images: readonly ImageSummary[];
  /** Ids of images that containers are made from. */
  readonly used: ReadonlySet<string>;
  /** Tags and digests that compose files name, as the engine writes them. */
  readonly wanted: ReadonlySet<string>;
  /** Ids that releases need, to be gone back to. */
  readonly kept: ReadonlySet<string>;
  /** Names without tags of images that services use or used: others are not ours to judge. */
  readonly repositories: ReadonlySet<string>;
  /** Those of which some may be needed by files that cannot be read. */
  readonly doubtful: ReadonlySet<string>;
  /** Also images that no service ever had to do with. */
  readonly all: boolean;
}

/** Images that nothing needs any more, the largest first. Pure. */
export function removable(facts: CleanupFacts): ImageSummary[] {
  return facts.images
    .filter(({ Id, RepoTags, RepoDigests }) => {
      if (facts.used.has(Id) || facts.kept.has(Id)) return false;
      const tags = tagsOf({ RepoTags });
      const references = [...tags, ...(RepoDigests ?? [])];
      if (references.some((reference) => facts.wanted.has(reference))) return false;
      const names = references.map(repositoryOf);
      if (names.some((name) => facts.doubtful.has(name))) return false;
      if (facts.all || tags.length === 0) return true;
      return names.some((name) => facts.repositories.has(name));
    })
    .sort((a, b) => b.Size - a.Size);
}

/** An image's tags, less the engine's word for none. */
export const tagsOf = ({ RepoTags }: Pick<ImageSummary, "RepoTags">): string[] =>
  (RepoTags ?? []).filter((tag) => tag !== "<none>:<none>");

/** The name of an image without tag and digest. */
export const repositoryOf = (reference: string): string =>
  reference.replace(/@.*$/, "").replace(/:[^/:]+$/, "");

/** How the engine may write a reference that has a digest: it keeps no tag beside one. */
export const withoutTag = (reference: string): string => {
  const [, digest] = reference.split("@");
  return digest === undefined ? reference : `${repositoryOf(reference)}@${digest}`;
};
