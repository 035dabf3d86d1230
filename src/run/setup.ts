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
import { runProcess } from "../process/runner.ts";
import { ASK_DEADLINE_MS, identity } from "./setup/account.ts";
import { clone, owner, safeDirectory } from "./setup/repository.ts";
import { notHere, ok, type SetupStep, type SetupTarget, todo } from "./setup/step.ts";

const PRIVATE = 0o600;

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
