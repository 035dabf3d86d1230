import { isAbsolute } from "node:path";
import { HomelabError } from "../../errors.ts";
import { currentSystem, type Formatter, findFormatter, format } from "../../nix/formatter.ts";
import { allFiles, type Found, nameIn, treeOf } from "../../nix/lint/files.ts";
import type { Context } from "../context.ts";
import { openPlace } from "./place.ts";
import type { Work } from "./work.ts";

export interface Formatted {
  readonly formatter: Formatter;
  /** How many were looked at. */
  readonly files: number;
  readonly changed: readonly string[];
  /** What was not looked at, and why, as clauses. */
  readonly skipped: readonly string[];
}

export interface FormatWords {
  /** None: all files. */
  readonly files: Found | undefined;
  /** Only tells what would change. */
  readonly check: boolean;
}

const NONE = `give the flake one: \`formatter.${currentSystem()} = pkgs.alejandra\`; or install one: \`nix profile install nixpkgs#alejandra\` (also nixfmt, nixpkgs-fmt)`;

export const noFormatter = (): HomelabError =>
  new HomelabError("unavailable", "there is no formatter for Nix code", { hint: NONE });

/** Formats the Nix files of the homelab at hand; undefined where there is no formatter. */
export async function formatSources(
  context: Context,
  { files, check }: FormatWords,
  work: Work,
): Promise<Formatted | undefined> {
  const { env } = context;
  const { root, flake, here } = openPlace(context);
  const { signal, deadline, progress } = work;
  const tree = await treeOf(flake ?? root, { env, signal }, root);
  const { paths, skipped } = files ?? (await allFiles(tree, { env, signal }));
  const names = paths.map((path) => within(tree.top, path));
  const formatter = await findFormatter(here, flake, env, { signal, deadline, progress });
  if (!formatter) return undefined;
  progress(`formatting with ${formatter.name}`);
  const changed = await format({ formatter, top: tree.top, files: names, check, env, signal, deadline });
  return { formatter, files: names.length, changed, skipped };
}

function within(top: string, file: string): string {
  const name = nameIn(top, file);
  if (!isAbsolute(name)) return name;
  throw new HomelabError("usage", `${file} is not in ${top}`, {
    hint: "name the homelab that it belongs to with `-C DIR`",
  });
}

/** `2 of 14 Nix files would be formatted by alejandra`. */
export function formatSummary({ formatter, files, changed }: Formatted, check: boolean): string {
  if (files === 0) return "there are no Nix files to format";
  const by = `${formatter.name}${formatter.from === "flake" ? ", the flake's formatter" : ""}`;
  const all = files === 1 ? "the Nix file is" : `all ${files} Nix files are`;
  if (changed.length === 0) return `${all} formatted already (${by})`;
  const what = check ? "would be formatted" : "formatted";
  return `${changed.length} of ${files} Nix ${files === 1 ? "file" : "files"} ${what} (${by})`;
}

export const formatDocument = ({ formatter, files, changed, skipped }: Formatted) => ({
  formatter,
  files,
  skipped: skipped.join("; ") || null,
  changed,
});
