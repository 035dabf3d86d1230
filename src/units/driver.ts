import type { Recipe, RecipeKind } from "../book/types.ts";
import type { EngineLife } from "../docker/life.ts";
import type { HomelabError } from "../errors.ts";
import type { Action, Effect, Phase, Reason } from "../plan/types.ts";
import type { Seen } from "./status.ts";

/** What one recipe needs, decided before anything is touched. */
export interface Decided {
  readonly action: Action;
  readonly reason: Reason;
  readonly effect: Effect;
  /** Ready as observed: neither apply nor verify is called. */
  readonly settled: boolean;
  /** Why it cannot be done at all; then the action is `blocked`. */
  readonly problem?: HomelabError | undefined;
  /** Recipes decided before that have to give something up first, such as a port. */
  readonly after?: readonly string[] | undefined;
}

/** How far a step has come, for those that wait for it. */
export type Level = "started" | "healthy";

/** What a driver gets while it works on one step. */
export interface StepContext {
  progress(phase: Phase, note: string): void;
  /** Tells that dependents which wait for this level may go on. May repeat. */
  opened(level: Level): void;
  /** Somebody waits for it to finish, not only to be up. */
  readonly mustComplete: boolean;
  /** Fires when no further waiting is wanted; a change in hand still ends. */
  readonly stop: AbortSignal;
  /** Fires when even a change in hand is to be broken off. */
  readonly abort: AbortSignal;
  /** Milliseconds left of the whole run. */
  remaining(): number;
}

export interface Failure {
  readonly ok: false;
  readonly reason: Reason;
  readonly detail: string;
  readonly hint?: string | undefined;
  readonly log?: readonly string[] | undefined;
  /** It was up when it was observed, nothing was done to it, and it is down now: worth another look. */
  readonly wentDown?: boolean | undefined;
  /** It failed, and what ran before serves again: whoever needs it can go on. */
  readonly stands?: boolean | undefined;
}

export type Applied = { readonly ok: true; readonly changed: boolean } | Failure;
export type Verified = { readonly ok: true; readonly detail: string } | Failure;

/** What something can be put back to. */
export interface RestorePoint {
  /** Of the release; 0 where there is only the one before. */
  readonly id: number;
  /** For people: `release 41`. */
  readonly text: string;
}

export interface DecideOptions {
  /** Make it anew although it is ready. */
  readonly force: boolean;
  /** Stop it and start it again although it is ready. */
  readonly restart?: boolean | undefined;
  /** Look whether a change that is decided can be made at all: what stands in its way makes it `blocked`. */
  readonly preflight?: boolean | undefined;
}

/**
 * One kind of thing that a recipe can be. `observe` looks at everything of its kind at once and must come first;
 * `decide` changes nothing; `prepare` comes before the first change; `apply` makes one change; `verify` waits until the result is ready, and records it.
 */
export interface Driver {
  readonly kind: RecipeKind;
  /** Of the engine that it works through, which may go away in the middle of a run. */
  readonly life?: EngineLife | undefined;
  observe(recipes: readonly Recipe[]): Promise<void>;
  /** Takes in further recipes, of which what was observed tells as well. */
  admit(recipes: readonly Recipe[]): void;
  decide(name: string, options: DecideOptions): Promise<Decided>;
  /** Called once before the first change: throws when what changes are made with is missing. */
  prepare(): Promise<void>;
  /** Gets what a decided change needs over the network. Touches nothing that runs; nothing to say when it went well. */
  fetch(name: string, context: StepContext): Promise<Failure | undefined>;
  apply(name: string, context: StepContext): Promise<Applied>;
  verify(name: string, context: StepContext): Promise<Verified>;
  /** Why nothing can be said of it: what it runs on did not answer when it was observed. */
  trouble?(name: string): HomelabError | undefined;
  /** Whether anything of it is up, as observed. */
  isUp(name: string): boolean;
  /** What it is now, as observed. Only for kinds that have no closer look of their own. */
  status?(name: string): Promise<Seen>;
  /** The last lines that it wrote, oldest first. With `status`. */
  lastLines?(name: string): Promise<string[]>;
  /** Stops all of it that is up, and takes nothing away. */
  stop(name: string, context: StepContext): Promise<Applied>;
  /**
   * The release to put back: `to`, else the one before. Throws when there is none, or when something of what
   * it was made from is not here any more. Only for kinds that keep releases.
   */
  restorable?(name: string, to: number | undefined): Promise<RestorePoint>;
  /** Puts back a release by its id. */
  rollback?(name: string, release: number, context: StepContext): Promise<Applied>;
  /**
   * Names of recipes whose network this one shares: it cannot run without them, whatever is written. Observed before.
   * With `parse` also by what the files say, else only by what is there.
   */
  lenders(name: string, parse: boolean): Promise<ReadonlySet<string>>;
  /**
   * Recipes outside of `names` that run and that the changes decided so far would break, each with the recipe whose
   * change does it. From then on they can be decided like those that were observed.
   */
  fallout(names: ReadonlySet<string>): { readonly name: string; readonly of: string }[];
}
