import type { ServiceRecipe } from "../../book/types.ts";
import { HomelabError } from "../../errors.ts";
import { envKeys } from "./dotenv.ts";
import { type ComposeDocument, texts } from "./file.ts";
import { interpolate } from "./interpolate.ts";

/** A variable without value, and where something asks for it. */
export interface MissingVariable {
  readonly name: string;
  /** As shown to the person. */
  readonly file: string;
  /** Counted from 1; 0 where the text does not show it. */
  readonly line: number;
}

export interface VariablesQuestion {
  /** `.env.example`, where there is one. */
  readonly example?: { readonly file: string; readonly text: string } | undefined;
  /** Names in `.env` and in env files, those with an empty value included: that is somebody's wish. */
  readonly known: ReadonlySet<string>;
  /** The environment and `.env`. */
  readonly lookup: (name: string) => string | undefined;
  /** The compose files: as they are shown, as text, and as data. */
  readonly files: readonly {
    readonly file: string;
    readonly text: () => string;
    readonly document: ComposeDocument;
  }[];
  /** Compose services that are to have containers: others may lack what they like. */
  readonly services: { has(service: string): boolean };
  /** Names that may stay without value. */
  readonly optional: ReadonlySet<string>;
}

/** Compose sets them by itself. */
const GIVEN = new Set(["COMPOSE_PROJECT_NAME", "PWD"]);

/**
 * Keys of `.env.example` that `.env` lacks, and variables of the compose files without value and without default,
 * which compose would make empty. Pure; no value gets into what it says.
 */
export function missingVariables(question: VariablesQuestion): MissingVariable[] {
  const { example, known, lookup, files, optional } = question;
  const missing = new Map<string, MissingVariable>();
  const add = (name: string, file: string, line: () => number) => {
    const given = lookup(name) !== undefined || optional.has(name) || GIVEN.has(name);
    if (!given && !missing.has(name)) missing.set(name, { name, file, line: line() });
  };
  for (const { name, line } of envKeys(example?.text ?? "")) {
    if (!known.has(name)) add(name, example?.file ?? "", () => line);
  }
  for (const { file, text, document } of files) {
    for (const name of bareVariables(document, question)) add(name, file, () => lineOf(text(), name));
  }
  return [...missing.values()];
}

/** Variables that are used without a default, where they decide something. */
function bareVariables(
  { data }: ComposeDocument,
  { lookup, services }: Pick<VariablesQuestion, "lookup" | "services">,
): Set<string> {
  const names = new Set<string>();
  const look = (value: unknown) => {
    for (const text of texts(value)) {
      if (!text.includes("$")) continue;
      interpolate(text, lookup, ({ name, bare }) => bare && names.add(name));
    }
  };
  for (const [key, value] of Object.entries(data)) {
    if (key.startsWith("x-")) continue;
    if (key !== "services" || typeof value !== "object" || value === null) look(value);
    else for (const [service, written] of Object.entries(value)) if (services.has(service)) look(written);
  }
  return names;
}

/** The first line that uses a variable, comments left out. */
function lineOf(text: string, name: string): number {
  const used = new RegExp(`^[^#]*\\$\\{?${name}(?![A-Za-z0-9_])`);
  return text.split("\n").findIndex((line) => used.test(line)) + 1;
}

/** `A` and `B` (services/web/.env.example:1, 2), `C` (services/web/compose.yml:7). */
export function listVariables(missing: readonly MissingVariable[]): string {
  const byFile = Map.groupBy(missing, ({ file }) => file);
  return [...byFile]
    .map(([file, all]) => {
      const names = all.map(({ name }) => `\`${name}\``).join(", ");
      const lines = all.flatMap(({ line }) => (line > 0 ? [line] : [])).join(", ");
      return `${names} (${file}${lines && `:${lines}`})`;
    })
    .join(", ");
}

/** A path as the person knows it: relative to the root where it is inside of it. */
export const shownPath = (path: string, root: string): string =>
  path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;

/** Variables that may stay without value, by the recipe and by the compose files of a service. */
export function optionalNames(
  { optional }: Pick<ServiceRecipe, "optional">,
  documents: readonly ComposeDocument[],
  root: string,
): Set<string> {
  const written = documents.flatMap((document) =>
    optionalVariables(document, shownPath(document.path, root)),
  );
  return new Set([...optional, ...written]);
}

/**
 * The names in `x-homelab: { env: { optional: […] } }` of a compose file; what else stands under `x-homelab` is not
 * looked at. Throws `compose-invalid` for something that is no list of names.
 */
export function optionalVariables({ data }: Pick<ComposeDocument, "data">, shown: string): readonly string[] {
  const own = field(data, "x-homelab");
  const optional = field(field(own, "env"), "optional");
  if (optional === undefined || optional === null) return [];
  if (Array.isArray(optional) && optional.every((name) => typeof name === "string")) return optional;
  throw new HomelabError("compose-invalid", `\`x-homelab.env.optional\` of ${shown} is no list of names`, {
    hint: "write `x-homelab: { env: { optional: [NAME] } }`",
  });
}

const field = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
