import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { HomelabError } from "../errors.ts";
import { gitDirectory } from "../git/head.ts";
import { complaint, gitEnvironment, withoutPassword } from "../git/words.ts";
import { runProcess } from "../process/runner.ts";

const GIT_DEADLINE_MS = 10 * 60_000;
const ASK_DEADLINE_MS = 10_000;
const PRIVATE = 0o600;

type Environment = Readonly<Record<string, string | undefined>>;

export interface SetupTarget {
  /** Where the repository is, or is to be. Absolute. */
  readonly root: string;
  /** Where it comes from, when it is not there yet. */
  readonly url: string | undefined;
  /** Who owns services and their data. */
  readonly user: string;
  readonly env: Environment;
}

/** How a step was found: done, to be done, or nothing that this machine has. */
export interface SetupState {
  readonly is: "ok" | "to do" | "not here";
  /** A few words. */
  readonly why: string;
}

/** One step of setting a server up. Looking changes nothing; applying again changes nothing either. */
export interface SetupStep {
  readonly id: string;
  readonly what: string;
  /** Only root may do it. */
  readonly root: boolean;
  look(): Promise<SetupState>;
  apply(): Promise<void>;
}

const ok = (why = ""): SetupState => ({ is: "ok", why });
const todo = (why: string): SetupState => ({ is: "to do", why });
const notHere = (why: string): SetupState => ({ is: "not here", why });

/** Where services keep what they keep. */
const DATA = "/var/lib/services";
const NIXOS = "/etc/nixos";

/** The steps in their order. */
export function setupSteps(target: SetupTarget): SetupStep[] {
  return [
    clone(target),
    safeDirectory(target),
    nixosLink(target),
    dataDirectories(target),
    owner(target),
    privateFiles(target),
    dockerGroup(target),
  ];
}

function clone({ root, url, env }: SetupTarget): SetupStep {
  return {
    id: "clone",
    what: `the repository in ${root}`,
    root: true,
    async look() {
      if (existsSync(root) && readdirSync(root).length > 0) {
        return gitDirectory(root) ? ok() : notHere("it is no git repository, and is left as it is");
      }
      return url === undefined
        ? notHere("name its address: `homelab setup URL`")
        : todo(`clone ${withoutPassword(url)}`);
    },
    async apply() {
      if (url === undefined) return;
      await git(["clone", "--quiet", "--", url, root], env);
    },
  };
}

async function git(words: readonly string[], env: Environment): Promise<string> {
  const { exitCode, stdout, stderr } = await runProcess(["git", ...words], {
    env: gitEnvironment(env),
    deadline: GIT_DEADLINE_MS,
  });
  if (exitCode === 0) return stdout;
  throw new HomelabError(
    "step-failed",
    `git ${words[0]} failed: ${complaint(stderr) || `exit code ${exitCode}`}`,
    {
      hint: "try it by hand, then run this again",
    },
  );
}

/** Git refuses the repository of another user, as root's cron is to an admin's, unless it is told that it may. */
function safeDirectory({ root, env }: SetupTarget): SetupStep {
  const told = async () => {
    const { stdout } = await runProcess(["git", "config", "--global", "--get-all", "safe.directory"], {
      env,
      deadline: ASK_DEADLINE_MS,
    });
    return stdout.split("\n").some((line) => line === root || line === "*");
  };
  return {
    id: "safe-directory",
    what: `git trusts ${root} for this user`,
    root: false,
    async look() {
      if (!existsSync(root) || !gitDirectory(root)) return notHere("there is no repository yet");
      if (statSync(root).uid === process.getuid?.() && process.getuid?.() !== 0)
        return ok("it is this user's own");
      return (await told()) ? ok() : todo("`git config --global --add safe.directory`");
    },
    async apply() {
      await git(["config", "--global", "--add", "safe.directory", root], env);
    },
  };
}

function nixosLink({ root }: SetupTarget): SetupStep {
  const source = join(root, "nixos");
  return {
    id: "nixos-link",
    what: `${NIXOS} leads to ${source}`,
    root: true,
    async look() {
      if (!existsSync("/etc/NIXOS")) return notHere("this is not NixOS");
      if (!existsSync(source)) return notHere(`there is no ${source}`);
      const stat = lstatSync(NIXOS, { throwIfNoEntry: false });
      if (!stat) return todo("make the link");
      if (stat.isSymbolicLink() && readlinkSync(NIXOS) === source) return ok();
      return notHere(`${NIXOS} is there already, and is never replaced: move it away first`);
    },
    async apply() {
      symlinkSync(source, NIXOS);
    },
  };
}

/** `/var/lib/services/<service>[/<instance>]`, as the directories of the repository name them. */
function dataDirectories({ root, user, env }: SetupTarget): SetupStep {
  const wanted = () => [DATA, ...serviceDirectories(join(root, "services")).map((dir) => join(DATA, dir))];
  const missing = () => wanted().filter((dir) => !existsSync(dir));
  return {
    id: "data",
    what: `directories for the data of services in ${DATA}`,
    root: true,
    async look() {
      const count = missing().length;
      return count === 0 ? ok() : todo(`${count} to be made, for ${user}`);
    },
    async apply() {
      const { uid, gid } = await identity(user, env);
      for (const dir of missing()) {
        mkdirSync(dir, { recursive: true });
        for (let own = dir; own.startsWith(DATA); own = dirname(own)) {
          if (statSync(own).uid === 0) chownSync(own, uid, gid);
        }
      }
    },
  };
}

const COMPOSE = /^(?:docker-)?compose\.ya?ml$/;

/** Service directories below `services/`, relative to it. */
function serviceDirectories(services: string): string[] {
  const list = (dir: string) =>
    existsSync(dir)
      ? readdirSync(dir, { withFileTypes: true }).filter((entry) => !entry.name.startsWith("."))
      : [];
  const isService = (dir: string) => list(dir).some((entry) => COMPOSE.test(entry.name));
  return list(services)
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => {
      const instances = list(join(services, name)).filter((entry) => entry.isDirectory());
      const found = instances
        .map((entry) => join(name, entry.name))
        .filter((dir) => isService(join(services, dir)));
      return isService(join(services, name)) ? [name, ...found] : found;
    });
}

function owner({ root, user, env }: SetupTarget): SetupStep {
  const services = join(root, "services");
  return {
    id: "owner",
    what: `${services} belongs to ${user}`,
    root: true,
    async look() {
      if (!existsSync(services)) return notHere("there is no such directory");
      const { uid } = await identity(user, env);
      const others = tree(services).filter((path) => lstatSync(path).uid !== uid).length;
      return others === 0
        ? ok()
        : todo(`${others} ${others === 1 ? "file belongs" : "files belong"} to others`);
    },
    async apply() {
      const { uid, gid } = await identity(user, env);
      // A link's target may be anywhere, and is somebody else's.
      for (const path of tree(services)) if (!lstatSync(path).isSymbolicLink()) chownSync(path, uid, gid);
    },
  };
}

function privateFiles({ root }: SetupTarget): SetupStep {
  const services = join(root, "services");
  const open = () =>
    tree(services).filter(
      (path) => path.endsWith("/.env") && lstatSync(path).isFile() && (statSync(path).mode & 0o077) !== 0,
    );
  return {
    id: "private",
    what: "only the owner reads `.env` files",
    root: false,
    async look() {
      if (!existsSync(services)) return notHere("there are no services");
      const count = open().length;
      return count === 0 ? ok() : todo(`${count} can be read by others`);
    },
    async apply() {
      for (const path of open()) chmodSync(path, PRIVATE);
    },
  };
}

function tree(dir: string): string[] {
  if (!existsSync(dir)) return [];
  const below = readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    return entry.isDirectory() ? tree(path) : [path];
  });
  return [dir, ...below];
}

/** Members of the group docker need no root for services. */
function dockerGroup({ user, env }: SetupTarget): SetupStep {
  const groups = async () => {
    const { stdout } = await runProcess(["id", "-nG", user], { env, deadline: ASK_DEADLINE_MS });
    return stdout.trim().split(/\s+/);
  };
  return {
    id: "docker-group",
    what: `${user} may use Docker`,
    root: true,
    async look() {
      if (user === "root") return ok("root may");
      const { exitCode } = await runProcess(["getent", "group", "docker"], {
        env,
        deadline: ASK_DEADLINE_MS,
      });
      if (exitCode !== 0) return notHere("there is no group docker");
      if ((await groups()).includes("docker")) return ok();
      return existsSync("/etc/NIXOS")
        ? notHere("NixOS says who is in which group: add it there")
        : todo("add to the group docker");
    },
    async apply() {
      const { exitCode, stderr } = await runProcess(["usermod", "-aG", "docker", user], {
        env,
        deadline: ASK_DEADLINE_MS,
      });
      if (exitCode !== 0) throw new HomelabError("step-failed", `usermod failed: ${stderr.trim()}`);
    },
  };
}

async function identity(user: string, env: Environment): Promise<{ uid: number; gid: number }> {
  const ask = async (flag: string) => runProcess(["id", flag, user], { env, deadline: ASK_DEADLINE_MS });
  const [uid, gid] = await Promise.all([ask("-u"), ask("-g")]);
  if (uid.exitCode === 0 && gid.exitCode === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  throw new HomelabError("usage", `there is no user \`${user}\` on this machine`, {
    hint: "name another one with `--user`",
  });
}
