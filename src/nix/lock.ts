import { HomelabError } from "../errors.ts";
import { plain } from "./words.ts";

/** What an input is pinned to. */
export interface Locked {
  /** `github:NixOS/nixpkgs`, `git+file:///srv/pin`: without what it is pinned to, and without a password. */
  readonly source: string;
  /** Commit, where it is of a repository. */
  readonly revision: string | undefined;
  readonly hash: string | undefined;
  /** When it was last changed, in milliseconds. */
  readonly modified: number | undefined;
}

/** An input is pinned, or follows another one: the path of that. */
export type LockedInput = Locked | { readonly follows: string };

/** An input that two lock files do not have in common. `pin`, and `home-manager/nixpkgs` for an input of an input. */
export interface InputMove {
  readonly input: string;
  readonly change: "updated" | "added" | "removed";
  readonly before: LockedInput | undefined;
  readonly after: LockedInput | undefined;
}

/** Formats whose nodes are known; before 5 there was no `root`. */
const VERSIONS = [5, 6, 7];

interface Node {
  readonly inputs?: Readonly<Record<string, string | readonly string[]>>;
  readonly locked?: Readonly<Record<string, unknown>>;
  /** Where version 5 has the hash and the date. */
  readonly info?: Readonly<Record<string, unknown>>;
}

/**
 * All inputs of a flake's lock file, those of inputs too, by their path. The names of nodes mean nothing: an input is
 * what `inputs` leads to from the root, and a list there is the path of another input.
 * Throws `not-configured` for what is no lock file, and `unsupported` for a format of another time.
 */
export function readLock(text: string, file: string): Map<string, LockedInput> {
  const lock = parse(text, file);
  const { nodes, root, version } = lock;
  if (!VERSIONS.includes(Number(version))) {
    throw new HomelabError("unsupported", `${file} has the format ${version}, which is not known here`, {
      hint: `known are ${VERSIONS.join(", ")}; let Nix write it anew: \`nix flake lock\``,
    });
  }
  const found = new Map<string, LockedInput>();
  const walk = (name: string, path: readonly string[], above: readonly string[]) => {
    const node = nodes?.[name];
    if (!node || above.includes(name)) throw noLock(file, `it has no input ${path.join("/") || name}`);
    for (const [input, target] of Object.entries(node.inputs ?? {})) {
      const at = [...path, input];
      if (typeof target !== "string") found.set(at.join("/"), { follows: target.join("/") });
      else {
        found.set(at.join("/"), lockedOf(nodes?.[target] ?? {}));
        walk(target, at, [...above, name]);
      }
    }
  };
  walk(root ?? "", [], []);
  return found;
}

interface LockFile {
  readonly nodes?: Readonly<Record<string, Node>>;
  readonly root?: string;
  readonly version?: unknown;
}

function parse(text: string, file: string): LockFile {
  try {
    const lock: unknown = JSON.parse(text);
    if (typeof lock === "object" && lock !== null && "nodes" in lock) return lock as LockFile;
  } catch {
    if (/^<{7} /m.test(text)) throw noLock(file, "it has the marks of a merge that was not finished");
  }
  throw noLock(file, "it is no lock file of Nix");
}

const noLock = (file: string, why: string): HomelabError =>
  new HomelabError("not-configured", `${file} cannot be read: ${why}`, {
    hint: "take it from git again (`git checkout -- flake.lock`), or let Nix write it anew (`nix flake lock`)",
  });

/** The keys that say to what a source is pinned, rather than where it is. */
function lockedOf({ locked = {}, info = {} }: Node): Locked {
  const text = (key: string) => {
    const value = locked[key] ?? info[key];
    return typeof value === "string" ? value : undefined;
  };
  const seconds = locked.lastModified ?? info.lastModified;
  return {
    source: sourceOf(text),
    revision: text("rev"),
    hash: text("narHash"),
    modified: typeof seconds === "number" ? seconds * 1000 : undefined,
  };
}

function sourceOf(text: (key: string) => string | undefined): string {
  const [type, owner, url, ref, dir] = ["type", "owner", "url", "ref", "dir"].map(text);
  const host = text("host");
  const place =
    type === "path"
      ? `path:${text("path")}`
      : owner !== undefined
        ? `${type}:${owner}/${text("repo")}`
        : type === "git" || type === "hg"
          ? `${type}+${url}`
          : (url ?? `${type}:${text("id")}`);
  const options = [
    ["ref", owner === undefined && ref ? ref.replace(/^refs\/heads\//, "") : undefined],
    ["dir", dir],
    ["host", host],
  ].flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
  // What comes as an archive has its commit in its own address.
  const pinned = type === "tarball" || type === "file" ? place.replace(/[?&]rev=[0-9a-f]+/, "") : place;
  return plain(`${pinned}${options.length > 0 ? `?${options.join("&")}` : ""}`);
}

/** What is not the same in two lock files, in the order of the names. Undefined: there was none. */
export function lockMoves(
  before: ReadonlyMap<string, LockedInput>,
  after: ReadonlyMap<string, LockedInput>,
): InputMove[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return names.flatMap((input): InputMove[] => {
    const [old, next] = [before.get(input), after.get(input)];
    if (!old || !next) return [{ input, change: next ? "added" : "removed", before: old, after: next }];
    return sameInput(old, next) ? [] : [{ input, change: "updated", before: old, after: next }];
  });
}

/** A directory that was only touched has another date, and the same hash. */
function sameInput(old: LockedInput, next: LockedInput): boolean {
  if ("follows" in old || "follows" in next)
    return "follows" in old && "follows" in next && old.follows === next.follows;
  return old.source === next.source && old.revision === next.revision && old.hash === next.hash;
}

/** `nixpkgs: 51ad838b03 (2026-10-02) → 7f2c0a19d4 (2026-11-01)`. */
export function moveLine({ input, before, after }: InputMove): string {
  const elsewhere = before && after && placeOf(before) !== placeOf(after);
  const text = (locked: LockedInput) =>
    elsewhere || !before || !after
      ? [placeOf(locked), pinOf(locked)].filter((part) => part !== "").join(" ")
      : pinOf(locked);
  if (!before && after) return `${input}: new, ${text(after)}`;
  if (!after && before) return `${input}: gone, ${text(before)}`;
  return before && after ? `${input}: ${text(before)} → ${text(after)}` : input;
}

const placeOf = (locked: LockedInput): string =>
  "follows" in locked ? `follows ${locked.follows}` : locked.source;

function pinOf(locked: LockedInput): string {
  if ("follows" in locked) return "";
  const { revision, hash, modified } = locked;
  const pin = revision?.slice(0, 10) ?? hash?.replace(/^sha256-/, "").slice(0, 10) ?? "";
  const date = modified === undefined ? "" : `(${new Date(modified).toISOString().slice(0, 10)})`;
  return [pin, date].filter((part) => part !== "").join(" ");
}

/** What programs are told of a move. */
export function moveDocument({ input, change, before, after }: InputMove) {
  return { input, change, before: inputDocument(before), after: inputDocument(after) };
}

function inputDocument(locked: LockedInput | undefined) {
  if (!locked) return null;
  if ("follows" in locked) return { follows: locked.follows };
  const { source, revision, hash, modified } = locked;
  const date = modified === undefined ? null : new Date(modified).toISOString();
  return { source, revision: revision ?? null, hash: hash ?? null, modified: date };
}

/** Whether an input is nixpkgs itself, whatever the flake calls it. */
export const isNixpkgs = (locked: LockedInput | undefined): boolean =>
  locked !== undefined &&
  !("follows" in locked) &&
  /^(?:github:NixOS\/nixpkgs(?:[?/]|$)|.*[/:]nixpkgs(?:\.git)?(?:[?/]|$)|https:\/\/(?:channels|releases)\.nixos\.org\/nix)/i.test(
    locked.source,
  );
