/** Where a recipe was written. `path` leads to it inside the YAML document. */
export interface Origin {
  /** "homelab.yml", "recipes/media.yml", or "builtin:media". */
  readonly file: string;
  readonly path: readonly (string | number)[];
}

export type When = "healthy" | "started" | "completed";

export interface Need {
  readonly name: string;
  readonly when: When;
}

/** Probe beside the containers' own health checks. Durations in milliseconds. */
export interface Ready {
  readonly http?: string | undefined;
  /** host:port */
  readonly tcp?: string | undefined;
  /** Argument vector; exit status 0 is ready. */
  readonly command?: readonly string[] | undefined;
  /** Runs in the container of a compose service. */
  readonly exec?: ReadyExec | undefined;
  /** How long it may take; default: derived from the health checks. */
  readonly within?: number | undefined;
  /** How long a container without health check must stay up. */
  readonly stable?: number | undefined;
}

/** Argument vector for the container of a compose service; exit status 0 is ready. */
export interface ReadyExec {
  readonly service: string;
  readonly command: readonly string[];
}

interface Node {
  readonly name: string;
  readonly needs: readonly Need[];
  /** Soft order: only when both are in the plan. */
  readonly after: readonly string[];
  readonly ready?: Ready | undefined;
  readonly description?: string | undefined;
  /** Undefined for a directory that was discovered and that no recipe names. */
  readonly origin?: Origin | undefined;
}

export interface ServiceRecipe extends Node {
  readonly kind: "service";
  /** Relative to the root, `/` separated, without a trailing slash. */
  readonly dir: string;
  /** Whether `dir` holds a compose file. */
  readonly present: boolean;
  /** Absolute path of `dir`, links resolved; empty when it is not present. */
  readonly path: string;
  /** Names of what is in `dir`, as it was found; empty when it is not present. */
  readonly files: ReadonlySet<string>;
  /** Those of `files` that are links, pipes or devices; undefined when that was not asked. */
  readonly special?: ReadonlySet<string> | undefined;
  /** Name of the family when `dir` is `services/<family>/<instance>`. */
  readonly family?: string | undefined;
  readonly project?: string | undefined;
  readonly mounts: readonly string[];
  /** Name of the task that runs before an update. */
  readonly beforeUpdate?: string | undefined;
  readonly rollback: "auto" | "manual" | "never";
  /** Variables that may stay without value. */
  readonly optional: readonly string[];
}

export interface UnitRecipe extends Node {
  readonly kind: "unit";
  readonly unit: string;
}

export interface MicrovmRecipe extends Node {
  readonly kind: "microvm";
  readonly flake?: string | undefined;
  readonly address?: string | undefined;
  readonly user?: string | undefined;
  /** Path of a private key, `~/` or relative to the root, as written. */
  readonly identity?: string | undefined;
  readonly host?: string | undefined;
}

export interface HostRecipe extends Node {
  readonly kind: "host";
  readonly address?: string | undefined;
  readonly user?: string | undefined;
  /** Path of a private key, `~/` or relative to the root, as written. */
  readonly identity?: string | undefined;
  readonly stage?: string | undefined;
  /** Where its system is built: `here`, `there`, or the name of a host recipe. */
  readonly build?: string | undefined;
  readonly critical: readonly string[];
}

export interface TaskRecipe extends Node {
  readonly kind: "task";
  readonly params: readonly string[];
  readonly confirm?: string | undefined;
  /** Shell lines of the user's own, run in order. */
  readonly run: readonly string[];
  readonly finally: readonly string[];
}

export type Recipe = ServiceRecipe | UnitRecipe | MicrovmRecipe | HostRecipe | TaskRecipe;
export type RecipeKind = Recipe["kind"];

export interface Group {
  readonly name: string;
  readonly members: readonly string[];
  readonly origin?: Origin | undefined;
}

/** All recipes in force. Maps iterate in the order in which the files name things. */
export interface Book {
  /** Absolute path. */
  readonly root: string;
  /** Whether the shipped book is in force because the root has no recipe file. */
  readonly shipped: boolean;
  readonly recipes: ReadonlyMap<string, Recipe>;
  readonly groups: ReadonlyMap<string, Group>;
  /** Directories that could not become services, and the like: one line each. */
  readonly warnings: readonly string[];
}
