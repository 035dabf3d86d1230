import type { ServiceRecipe } from "../../book/types.ts";
import type { Manifest } from "../../store/releases.ts";
import type { ComposeDocument, ComposeSummary } from "./file.ts";

/** Everything that a service's containers are made from, read once. */
export interface Inputs {
  readonly manifest: Manifest;
  readonly summary: ComposeSummary;
  /** The project's own compose files, named as in the manifest, in the order in which they are merged. */
  readonly compose: readonly string[];
  /** The compose file's own project name, variables replaced. */
  readonly name?: string | undefined;
  /** Compose services that should have containers, with how many. */
  readonly expected: ReadonlyMap<string, number>;
  /** Images that can be pulled, of the compose services that should have containers. */
  readonly images: readonly string[];
  /** A service takes its image from a file that was not read: compose knows it. */
  readonly borrowsImage: boolean;
  /** The same of all compose services, whether or not they should have containers, and of images that are made here. */
  readonly every: {
    readonly images: readonly string[];
    /** Compose services that are built and whose image has no name of its own. */
    readonly unnamed: readonly string[];
    readonly borrowsImage: boolean;
  };
  /** What its images are, or for which platform, is for compose to know: it includes files, or names one. */
  readonly foreign: boolean;
  /** Files of configs and secrets, named as in the manifest: compose mounts them and does not look into them. */
  readonly mounted: ReadonlySet<string>;
  /** Names that the files give to containers. */
  readonly containerNames: readonly string[];
  /** Names of containers, of other services too, whose network its own share. */
  readonly lenders: readonly string[];
  /** The compose files themselves. */
  readonly documents: readonly ComposeDocument[];
  /** Values of variables, those of the environment before those of `.env`. */
  readonly lookup: (name: string) => string | undefined;
}

/** A service's directory: absolute, and the names of what is in it. */
export type Place = Pick<ServiceRecipe, "path" | "files" | "special">;
