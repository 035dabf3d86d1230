/** A flake that lies in a directory of the machine. */
export interface LocalFlake {
  /** The directory that the reference names: with `git+file:` the repository's root. */
  readonly path: string;
  /** Where in it flake.nix is; empty for itself. */
  readonly dir: string;
  /** `git`: a repository. `path`: a directory, as it is. `either`: Nix looks whether it is in a repository. */
  readonly kind: "git" | "path" | "either";
}

/**
 * The directory behind a flake reference. Undefined for one that lies elsewhere, and for one that is pinned: what is in
 * the directory now is not what it means.
 */
export function localFlake(flake: string): LocalFlake | undefined {
  const [reference = ""] = flake.split("#");
  const [address = "", query = ""] = reference.split("?");
  const options = new URLSearchParams(query);
  if (options.has("ref") || options.has("rev")) return undefined;
  const match = /^(?:(git\+file|path):)?(?:\/\/)?(\/.*)$/.exec(address);
  if (!match) return undefined;
  const [, scheme, written = ""] = match;
  const path = (scheme === undefined ? written : decoded(written)).replace(/(?<=.)\/+$/, "");
  const kind = scheme === "git+file" ? "git" : scheme === "path" ? "path" : "either";
  return { path, dir: (options.get("dir") ?? "").replace(/^\/+|\/+$/g, ""), kind };
}

/** The local repository behind a flake reference; undefined for plain directories, and for remote and pinned ones. */
export function repositoryOf(flake: string): string | undefined {
  const local = localFlake(flake);
  return local && local.kind !== "path" ? local.path : undefined;
}

/** Of what lies elsewhere Nix believes for an hour what it had before: an update means what is there now. */
export const freshly = (flake: string): readonly string[] => (localFlake(flake) ? [] : ["--refresh"]);

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // A per cent sign of a file's own name.
    return path;
  }
}

/** `nixosConfigurations.web.config.system`: what stands between the dots is quoted where it must be. */
const attributePath = (names: readonly string[]): string =>
  names.map((name) => (/^[A-Za-z_][\w'-]*$/.test(name) ? name : `"${name}"`)).join(".");

/** What a machine of the flake is made of. */
const attributeOf = (name: string, ...below: readonly string[]): string =>
  attributePath(["nixosConfigurations", name, "config", ...below]);

/** The runner of a MicroVM, as microvm.nix names it. */
export const runnerOf = (name: string): string => attributeOf(name, "microvm", "declaredRunner");

/** The system of a machine. */
export const systemOf = (name: string): string => attributeOf(name, "system", "build", "toplevel");
