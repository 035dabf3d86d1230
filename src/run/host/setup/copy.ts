import { lstatSync, readdirSync } from "node:fs";
import { hostname } from "node:os";
import { join, relative } from "node:path";
import { startGit } from "../../../git/call.ts";
import { withoutPassword } from "../../../git/words.ts";
import type { HostTarget } from "./target.ts";

/** Says in a directory there of what it is a copy, and lists what was sent: nothing else is ever removed there. */
export const MARKER = ".homelab-sync";
/**
 * History, documents, and links into the store of this machine. `.env` files go along: services there need them, and
 * their modes with them.
 */
export const EXCLUDED: readonly string[] = ["/.git", "/docs", "/result", "/result-*", `/${MARKER}`];
const isExcluded = (path: string): boolean =>
  /^(?:\.git|docs|result|result-[^/]*|\.homelab-sync)(?:\/|$)/.test(path);

/** What a directory there is. */
export type CopyState =
  | { readonly is: "empty" | "foreign" }
  | { readonly is: "copy"; readonly of: string; readonly files: readonly string[] };

/** `copy`, of what, and the files that were sent, a line each. */
export function parseCopy(text: string): CopyState {
  const [is, of = "", ...files] = text.split("\n");
  if (is === "copy") return { is, of, files: files.filter(isInside) };
  return { is: is === "empty" ? "empty" : "foreign" };
}

/** What the marker says, for parseCopy to read behind its first line. */
export const markerOf = (of: string, files: Iterable<string>): string =>
  [of, ...new Set(files)].map((line) => `${line}\n`).join("");

/** Below the directory, whatever somebody has written into the marker. */
const isInside = (path: string): boolean => path !== "" && !/^\/|(?:^|\/)\.{0,2}(?:\/|$)/.test(path);

/**
 * Files that were sent once and are not here any more. Secrets stay: a clone that is fresh never had them, and the
 * services there need them.
 */
export const goneFrom = (files: readonly string[], isHere: (path: string) => boolean): string[] =>
  files.filter((path) => !/(?:^|\/)\.env(?:\.[^/]*)?$/.test(path) && !isExcluded(path) && !isHere(path));

export const isHere = (root: string) => (path: string) =>
  lstatSync(join(root, path), { throwIfNoEntry: false }) !== undefined;

/** The repository by the address that it comes from; one that comes from nowhere by its place. */
export async function identityOf({ root, env }: Pick<HostTarget, "root" | "env">): Promise<string> {
  const origin = await startGit(root, ["remote", "get-url", "origin"], { env });
  const url = origin.exitCode === 0 ? withoutPassword(origin.stdout.trim()) : "";
  if (url === "") return `${hostname()}:${root}`;
  const below = (await startGit(root, ["rev-parse", "--show-prefix"], { env })).stdout.trim();
  return below === "" ? url : `${url} ${below}`;
}

/** The files here that a later sync may remove there again: what git ignores is data, and stays. */
export async function sentFiles({ root, env }: Pick<HostTarget, "root" | "env">): Promise<string[]> {
  const words = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const listed = await startGit(root, words, { env });
  const files =
    listed.exitCode === 0
      ? listed.stdout.split("\0").filter(isHere(root))
      : /not a git repository/i.test(listed.stderr)
        ? allFiles(root)
        : [];
  return files.filter((path) => isInside(path) && !isExcluded(path) && !path.includes("\n"));
}

function allFiles(root: string): string[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => relative(root, join(parentPath, name)));
}

const NAMED = 5;

/** A few of them by name. */
export const someOf = (paths: readonly string[]): string =>
  [
    paths.slice(0, NAMED).join(", "),
    ...(paths.length > NAMED ? [`and ${paths.length - NAMED} more`] : []),
  ].join(" ");
