import { HomelabError } from "../../errors.ts";
import type { Machine } from "../../process/machine.ts";
import type { ProcessResult } from "../../process/runner.ts";

/** Where microvm.nix keeps its machines: `microvm.stateDir`. */
export const STATE_DIR = "/var/lib/microvms";

/**
 * Built runners that a state directory names: the one in place and the one that runs, as microvm.nix has them; the one
 * that was seen ready last and the one before that; one that was built for the next update; and one that it was put
 * back from.
 */
const LINKS = ["current", "booted", "good", "old", "new", "refused"] as const;
export type LinkName = (typeof LINKS)[number];

/** A link to a runner, and to the guest's system in it. */
export interface Runner {
  /** Store path of the runner. */
  readonly path: string;
  /** Store path of the guest's system; undefined where the runner does not name it, as with a store on a disk of its own. */
  readonly system: string | undefined;
}

/** One MicroVM's directory. */
export interface VmDir {
  readonly name: string;
  /** Built with its host, and updated with it. */
  readonly declarative: boolean;
  /** It says which flake it is built from. */
  readonly hasFlake: boolean;
  readonly runners: Readonly<Partial<Record<LinkName, Runner>>>;
}

const DEADLINE_MS = 30_000;
const MOST_BYTES = 16 * 1024 * 1024;

/** Reads all state directories of a machine in one go. No directory at all is no MicroVM. */
export async function readVmDirs(machine: Machine): Promise<Map<string, VmDir>> {
  const which = ["(", "-type", "d", "-o", "-type", "l", "-o", "-name", "flake", ")"];
  const argv = ["find", STATE_DIR, "-mindepth", "1", "-maxdepth", "2", ...which, "-printf", "%y %P\\t%l\\0"];
  const found = await machine.run(argv, { deadline: DEADLINE_MS, keep: MOST_BYTES, english: true });
  const trouble = troubleOf(found, machine);
  if (trouble) throw trouble;
  const dirs = parseDirs(found.stdout);
  // What is in them cannot be said, and a `lost+found` has nothing that concerns us.
  for (const name of closedDirs(found.stderr)) dirs.delete(name);
  const paths = [...new Set([...dirs.values()].flatMap(({ links }) => [...links.values()]))];
  const systems = await systemsOf(machine, paths);
  return new Map([...dirs].map(([name, dir]) => [name, vmDir(name, dir, systems)]));
}

/** What is not there, or has gone meanwhile, and what is closed. */
const HARMLESS = /^find: .+: (?:No such file or directory|Permission denied)$/;
const DENIED = /^find: .(\/.*).: Permission denied$/gm;

/** Directories of MicroVMs that `find` was not let into. */
export const closedDirs = (stderr: string): string[] =>
  [...stderr.matchAll(DENIED)].flatMap(([, path = ""]) =>
    path.startsWith(`${STATE_DIR}/`) && path.lastIndexOf("/") === STATE_DIR.length
      ? path.slice(STATE_DIR.length + 1)
      : [],
  );

/** Why the state directories cannot be told; undefined when `find` could look, or there are none. */
export function troubleOf(
  { exitCode, stderr }: Pick<ProcessResult, "exitCode" | "stderr">,
  { name }: Pick<Machine, "name">,
): HomelabError | undefined {
  if (exitCode === 0) return undefined;
  if ([...stderr.matchAll(DENIED)].some(([, path = ""]) => !path.startsWith(`${STATE_DIR}/`)))
    return new HomelabError("permission", `${STATE_DIR} on ${name} cannot be read`, {
      hint: "run it with `sudo`, or join the group `kvm`, which microvm.nix lets read it",
    });
  const lines = stderr.split("\n").filter((line) => line !== "");
  const [said] = lines.filter((line) => !HARMLESS.test(line));
  if (said === undefined && lines.length > 0) return undefined;
  const why = said ?? "`find` did not end in time";
  return new HomelabError("unavailable", `${STATE_DIR} on ${name} cannot be read: ${why}`);
}

interface Found {
  readonly links: Map<string, string>;
  hasFlake: boolean;
}

/** Reads what `find` printed: `TYPE PATH\tTARGET` for each entry, with a zero byte after it. */
export function parseDirs(text: string): Map<string, Found> {
  const dirs = new Map<string, Found>();
  const entry = (name: string) => {
    const known = dirs.get(name) ?? { links: new Map(), hasFlake: false };
    dirs.set(name, known);
    return known;
  };
  for (const each of text.split("\0")) {
    const match = /^(\w) ([^/\t]+)(?:\/([^\t]+))?\t(.*)$/s.exec(each);
    if (!match) continue;
    const [, type, name = "", child, target = ""] = match;
    if (child === undefined && type === "d") entry(name);
    else if (child === "flake" && type === "f") entry(name).hasFlake = true;
    else if (child !== undefined && type === "l") entry(name).links.set(child, target);
  }
  return dirs;
}

function vmDir(name: string, { links, hasFlake }: Found, systems: ReadonlyMap<string, string>): VmDir {
  const runners: Partial<Record<LinkName, Runner>> = {};
  for (const link of LINKS) {
    const path = links.get(link);
    if (path !== undefined) runners[link] = { path, system: systems.get(path) };
  }
  return { name, declarative: links.has("toplevel"), hasFlake, runners };
}

const SYSTEM_IN_RUNNER = "share/microvm/system";

/** The guest's system in each runner that names it. */
async function systemsOf(machine: Machine, runners: readonly string[]): Promise<Map<string, string>> {
  if (runners.length === 0) return new Map();
  const asked = runners.map((path) => `${path}/${SYSTEM_IN_RUNNER}`);
  const argv = ["readlink", "--zero", "--canonicalize-missing", "--", ...asked];
  const { stdout } = await machine.run(argv, { deadline: DEADLINE_MS, keep: MOST_BYTES });
  const lines = stdout.split("\0");
  const named = runners.map((path, index): [string, string] => [path, lines[index] ?? ""]);
  return new Map(named.filter(([, system]) => system !== "" && !system.endsWith(SYSTEM_IN_RUNNER)));
}

/** `nixos-system-vm1-25.11` of `/nix/store/…-nixos-system-vm1-25.11`: for people; two builds may be called the same. */
export const storeName = (path: string): string =>
  path.replace(/^.*\/[0-9a-z]{32}-/, "").replace(/^.*\//, "");

/** The first characters of a store path's hash, which tell two builds apart. */
export const storeHash = (path: string): string => (/\/([0-9a-z]{32})-/.exec(path)?.[1] ?? "").slice(0, 8);
