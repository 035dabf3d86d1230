import { dirname, join } from "node:path";
import { readShared, sharedDirectory, writeShared } from "./shared.ts";
import { SYSTEM_DIR, stateDirectory } from "./store.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** That somebody stopped a recipe on purpose. */
export interface Hold {
  /** Epoch milliseconds. */
  readonly at: number;
  /** As typed: "stop plex". */
  readonly command: string;
}

/** Holds by root and recipe name: what the file holds. */
type Holds = Record<string, Record<string, Hold>>;

/**
 * Recipes of a root that are stopped on purpose. They are kept beside the repository's own data where that can be
 * written, because an admin who stops a service and root's cron that must leave it alone have different state
 * directories, and one repository. Else in the state directory. All places are read.
 */
export class HoldBook {
  private readonly holds: Map<string, Hold>;

  constructor(
    private readonly env: Environment,
    private readonly root: string,
  ) {
    const found = places(env, root).flatMap((path) => Object.entries(readFile(path)[root] ?? {}));
    this.holds = new Map(found);
  }

  get(name: string): Hold | undefined {
    return this.holds.get(name);
  }

  /**
   * Remembers that recipes are held. Returns a warning when only a place could be written that others do not read.
   * Throws the system's error when none could.
   */
  add(names: readonly string[], hold: Hold): string | undefined {
    let refusal: unknown;
    let wanted: string | undefined;
    for (const path of places(this.env, this.root).filter((place) => !isSystems(place, this.env))) {
      try {
        const all = readFile(path);
        const own = { ...all[this.root], ...Object.fromEntries(names.map((name) => [name, hold])) };
        writeShared(path, { ...all, [this.root]: own });
        for (const name of names) this.holds.set(name, hold);
        if (wanted === undefined || dirname(path) === SYSTEM_DIR) return undefined;
        const why = `${wanted} could not be written (${(refusal as NodeJS.ErrnoException).code})`;
        return `that ${names.join(", ")} ${names.length === 1 ? "is" : "are"} held stands in ${path}, which runs of other users do not read: they start ${names.length === 1 ? "it" : "them"} again. ${why}: \`sudo homelab setup\` gives the repository to the admin`;
      } catch (error) {
        refusal ??= error;
        wanted ??= dirname(path);
      }
    }
    throw refusal;
  }

  /**
   * Forgets holds, wherever they are kept. Returns why one could not be taken away: what runs counts as not held all
   * the same, so that nothing has to fail for it.
   */
  drop(names: Iterable<string>): string | undefined {
    const held = [...names].filter((name) => this.holds.delete(name));
    let refusal: string | undefined;
    for (const path of held.length > 0 ? places(this.env, this.root) : []) {
      const all = readFile(path);
      const own = { ...all[this.root] };
      const gone = held.filter((name) => Object.hasOwn(own, name));
      if (gone.length === 0) continue;
      for (const name of gone) delete own[name];
      try {
        writeShared(path, { ...all, [this.root]: own });
      } catch (error) {
        refusal = `that ${gone.join(", ")} ${gone.length === 1 ? "is" : "are"} not held any more could not be written to ${path} (${(error as NodeJS.ErrnoException).code})`;
      }
    }
    return refusal;
  }
}

/** Files that may hold holds, the best one first. */
function places(env: Environment, root: string): string[] {
  const shared = sharedDirectory(root);
  const dirs = [...(shared ? [shared] : []), stateDirectory(env), SYSTEM_DIR];
  return [...new Set(dirs)].map((dir) => join(dir, "held.json"));
}

/** The system's directory is read by everybody; who may write it has it as his state directory. */
const isSystems = (path: string, env: Environment): boolean =>
  dirname(path) === SYSTEM_DIR && stateDirectory(env) !== SYSTEM_DIR;

const readFile = (path: string): Holds => readShared<Holds>(path) ?? {};
