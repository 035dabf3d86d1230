import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  readFileSync,
  type Stats,
  statSync,
} from "node:fs";
import { join } from "node:path";
import type { ServiceRecipe } from "../book/types.ts";
import { HomelabError } from "../errors.ts";
import { gitDirectory } from "../git/head.ts";
import { hasGit } from "../git/remote.ts";
import { trackingOf } from "../git/repository.ts";
import type { SetupState, SetupStep } from "./setup/step.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const OTHERS = 0o077;

export interface MendTarget {
  /** Undefined where there is no homelab. */
  readonly root: string | undefined;
  readonly services: readonly ServiceRecipe[];
  /** Of this user. */
  readonly state: string;
  readonly env: Environment;
}

const OK: SetupState = { is: "ok", why: "" };

/** What can be put right without a risk, because it is homelab's own or nobody's content is touched. */
export function mendSteps({ root, services, state, env }: MendTarget): SetupStep[] {
  const own = [state, join(state, "homelab.db")];
  const files = services.map(({ path }) => join(path, ".env"));
  return [
    privacy("state-private", "only the owner reads the state directory", own),
    privacy("env-private", "only the owner reads `.env` files", files),
    ...(root !== undefined && gitDirectory(root) && hasGit(env) ? [ignored(root, services, env)] : []),
  ];
}

/** What is at a path; undefined for nothing, and for what this user cannot see. */
function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") return undefined;
    throw error;
  }
}

/** Takes the rights of others at files and directories away. */
function privacy(id: string, what: string, paths: readonly string[]): SetupStep {
  const open = () =>
    paths.filter((path) => {
      const stat = statOf(path);
      // What a link leads to may be meant for others.
      return stat !== undefined && !stat.isSymbolicLink() && (stat.mode & OTHERS) !== 0;
    });
  return {
    id,
    what,
    root: open().some((path) => statOf(path)?.uid !== process.getuid?.()),
    look: async () => {
      const list = open();
      return list.length === 0 ? OK : { is: "to do", why: `others can: ${list.join(", ")}` };
    },
    apply: async () => {
      for (const path of open()) permitted(path, () => chmodSync(path, statSync(path).mode & 0o700));
    },
  };
}

/** Throws `permission` or `unavailable` with the path when the system refuses. */
function permitted(path: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    const denied = code === "EACCES" || code === "EPERM";
    throw new HomelabError(denied ? "permission" : "unavailable", `${path} cannot be changed (${code})`, {
      hint: denied ? "run as its owner: `ls -l` shows who that is" : "see `mount` and `df`",
      cause: error,
    });
  }
}

/** Lets git leave the `.env` files out that it does not have yet. */
function ignored(root: string, services: readonly ServiceRecipe[], env: Environment): SetupStep {
  const path = join(root, ".gitignore");
  const open = async () => {
    const files = services.map(({ dir }) => join(dir, ".env")).filter((file) => existsSync(join(root, file)));
    const states = await Promise.all(
      files.map(async (file) => [file, await trackingOf(root, file, { env })] as const),
    );
    return states.filter(([, tracking]) => tracking === "open").map(([file]) => file);
  };
  return {
    id: "env-ignored",
    what: "`.gitignore` names the `.env` files",
    root: false,
    look: async () => {
      const list = await open();
      return list.length === 0 ? OK : { is: "to do", why: `git would take ${list.join(", ")}` };
    },
    apply: async () => {
      const text = existsSync(path) ? readFileSync(path, "utf8") : "";
      const gap = text === "" || text.endsWith("\n") ? "" : "\n";
      permitted(path, () => appendFileSync(path, `${gap}.env\n`));
    },
  };
}
