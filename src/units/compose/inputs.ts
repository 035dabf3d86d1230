import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { HomelabError } from "../../errors.ts";
import { variable } from "../../os/environment.ts";
import { NO_FILE, readRegularFile } from "../../os/file.ts";
import type { Manifest } from "../../store/releases.ts";
import { assignments, composeValue } from "./envfile.ts";
import {
  COMPOSE_FILES,
  type ComposeDocument,
  type ComposeSummary,
  type FileReference,
  OVERRIDE_FILES,
  parseCompose,
  positionOf,
  references,
  summarize,
  texts,
} from "./file.ts";
import type { Inputs, Place } from "./input-types.ts";
import { interpolate, type Reference } from "./interpolate.ts";
import { hashText } from "./manifest.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads a service directory as compose would. Throws what would make compose refuse it: malformed YAML
 * (`compose-invalid`), a missing referenced file (`compose-invalid`), a required variable that is not set
 * (`variable-unset`).
 */
export function readInputs(root: string, place: Place, env: Environment): Promise<Inputs> {
  return new InputReader(root, place, env).read();
}

/** The compose files of a directory in the order in which they are merged, as absolute paths. */
export function composeFiles({ path, files }: Place, dotenv: Environment): string[] {
  if (dotenv.COMPOSE_FILE) {
    const separator = dotenv.COMPOSE_PATH_SEPARATOR || ":";
    return dotenv.COMPOSE_FILE.split(separator).map((file) => resolve(path, file));
  }
  const first = COMPOSE_FILES.find((name) => files.has(name));
  const override = OVERRIDE_FILES.find((name) => files.has(name));
  return [first, override].filter((name) => name !== undefined).map((name) => `${path}/${name}`);
}

/** What cannot be names of files: other lines of the environment, which are secret, are among it. */
const NO_NAMES = /[\r\n=]|.{1000}/;

/** Names of files that can be shown as they are written in `.env`. */
const PLAIN_NAMES = /^[\w@%+,./:${}-]+$/;

const isMounted = ({ role }: FileReference): boolean => role === "config" || role === "secret";

class InputReader {
  private readonly files = new Map<string, string | null>();
  private readonly variables = new Map<string, string | null>();
  private readonly mounted = new Set<string>();
  private readonly own: ComposeDocument[] = [];
  private readonly included: ComposeDocument[] = [];
  private dotenv: Environment = {};
  /** COMPOSE_FILE as it is written. */
  private chosen: string | undefined;

  private readonly dir: string;

  constructor(
    private readonly root: string,
    private readonly place: Place,
    private readonly env: Environment,
  ) {
    this.dir = place.path;
  }

  async read(): Promise<Inputs> {
    if (this.place.files.has(".env")) this.dotenv = this.readDotenv(`${this.dir}/.env`);
    const files = composeFiles(this.place, this.dotenv);
    if (files.length === 0) {
      throw new HomelabError("missing-directory", `${this.show(this.dir)} holds no compose file`, {
        hint: "put a compose.yml there",
      });
    }
    const seen = new Set<string>();
    // However many files make up a project, paths in all of them start at the first one's directory.
    for (const file of files) await this.compose(file, seen, dirname(files[0] ?? ""));
    const { name: written } = summarize(this.own);
    const summary = { ...summarize([...this.included, ...this.own]), name: written };
    const name = written === undefined ? undefined : interpolate(written, this.lookup);
    const mounted = new Set([...this.mounted].map((path) => this.shorten(path)));
    const compose = files.map((file) => this.shorten(file));
    const expected = this.expected(summary);
    const active = [...expected.keys()].flatMap((service) => summary.services.get(service) ?? []);
    const images = active.filter(({ built, local }) => !built && !local).flatMap(({ image }) => image ?? []);
    return {
      manifest: this.manifest(),
      summary,
      compose,
      name,
      expected,
      images: this.values(images),
      borrowsImage: active.some(({ image, built }) => image === undefined && !built),
      every: this.every(summary),
      foreign: this.included.length > 0 || active.some((service) => service.foreign),
      mounted,
      containerNames: this.values(active.map(({ containerName }) => containerName)),
      lenders: this.values(active.map(({ networkMode }) => networkMode)).flatMap(
        (mode) => /^container:(.+)$/.exec(mode)?.[1] ?? [],
      ),
      documents: this.own,
      lookup: this.lookup,
    };
  }

  private every({ services }: ComposeSummary): Inputs["every"] {
    const all = [...services.values()];
    const nameless = [...services].filter(([, { image }]) => image === undefined);
    return {
      images: this.values(all.map(({ image }) => image)),
      unnamed: nameless.filter(([, { built }]) => built).map(([service]) => service),
      borrowsImage: nameless.some(([, { built }]) => !built),
    };
  }

  /** Those that are there, variables replaced. */
  private values(written: readonly (string | undefined)[]): string[] {
    return written.flatMap((value) => (value === undefined ? [] : interpolate(value, this.lookup)));
  }

  /** Reads one of the project's own files: what compose would miss in it is an error here already. */
  private async compose(path: string, seen: Set<string>, base: string): Promise<void> {
    for (const reference of await this.document(path, seen, this.own, (used) => this.demand(used, path))) {
      const target = resolve(base, interpolate(reference.path, this.lookup));
      if (isMounted(reference)) this.mounted.add(target);
      if (reference.required) this.required(target, reference.role, path, reference.path);
      else this.optional(target);
      if (reference.compose) await this.borrowed(target, seen, reference.role);
    }
  }

  /**
   * Reads a file that another one includes or extends. Which parts of it count, and which variables it sees, is
   * for compose to know: what is missing in it is noted, and no error.
   */
  private async borrowed(path: string, seen: Set<string>, role: FileReference["role"]): Promise<void> {
    const base = dirname(path);
    this.optional(`${base}/.env`);
    for (const reference of await this.document(path, seen, role === "include" ? this.included : [])) {
      const target = resolve(base, interpolate(reference.path, this.lookup));
      if (isMounted(reference)) this.mounted.add(target);
      if (this.optional(target) !== null && reference.compose)
        await this.borrowed(target, seen, reference.role);
    }
  }

  private async document(
    path: string,
    seen: Set<string>,
    documents: ComposeDocument[],
    check?: (reference: Reference) => void,
  ): Promise<FileReference[]> {
    if (seen.has(path)) return [];
    seen.add(path);
    const text = this.required(path, "compose file", undefined, this.chosen);
    const document = await parseCompose(path, text, () => this.show(path));
    documents.push(document);
    for (const value of text.includes("$") ? texts(document.data) : []) {
      if (!value.includes("$")) continue;
      interpolate(value, this.lookup, (reference) => {
        this.note(reference);
        check?.(reference);
      });
    }
    return references(document.data);
  }

  /** Values may use variables themselves, those between single quotes excepted. */
  private readDotenv(path: string): Environment {
    const text = this.optional(path) ?? "";
    const values: Record<string, string> = {};
    const lookup = (name: string) => variable(this.env, name) ?? variable(values, name);
    for (const { name, written } of assignments(text)) {
      if (name === "COMPOSE_FILE") this.chosen = PLAIN_NAMES.test(written) ? written : "$COMPOSE_FILE";
      values[name] = composeValue(written, lookup, (reference) => this.note(reference));
    }
    if (NO_NAMES.test(values.COMPOSE_FILE ?? "")) {
      throw new HomelabError("compose-invalid", `COMPOSE_FILE in ${this.show(path)} is no list of files`, {
        hint: "write the names on one line, with `:` between them; perhaps a quote is open",
      });
    }
    return values;
  }

  private readonly lookup = (name: string): string | undefined =>
    variable(this.env, name) ?? variable(this.dotenv, name);

  private note({ name }: Reference): void {
    const outside = variable(this.env, name);
    this.variables.set(name, outside === undefined ? null : hashText(outside));
  }

  private demand({ name, required }: Reference, path: string): void {
    if (!required) return;
    const value = this.lookup(name);
    if (value !== undefined && (value !== "" || !required.nonEmpty)) return;
    const why = required.text ? `: ${required.text}` : "";
    throw new HomelabError("variable-unset", `required variable \`${name}\` is not set${why}`, {
      position: positionOf(path, this.show(path), `\${${name}`),
      hint: `set ${name} in ${this.show(join(this.dir, ".env"))}`,
    });
  }

  private optional(path: string): string | null {
    try {
      const bytes = this.isPlain(path) ? readFileSync(path) : readRegularFile(path);
      this.files.set(path, hashText(bytes));
      return bytes.toString("utf8").replace(/^\ufeff/, "");
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== "ENOENT" && code !== "ENOTDIR") throw this.unreadable(path, error);
      this.files.set(path, null);
      return null;
    }
  }

  /** Whether the listing of the directory shows a plain file: that saves asking for each of them. */
  private isPlain(path: string): boolean {
    const { files, special } = this.place;
    const name = this.shorten(path);
    return special !== undefined && files.has(name) && !special.has(name);
  }

  private required(path: string, role: string, from?: string, written?: string): string {
    const text = this.optional(path);
    if (text !== null) return text;
    const position = from && written ? positionOf(from, this.show(from), written) : undefined;
    // What variables stand for may be secret.
    const shown = written?.includes("$") ? `\`${written}\`` : this.show(path);
    throw new HomelabError("compose-invalid", `${role} ${shown} does not exist`, {
      position,
      hint:
        role === "env_file" ? "create it, or write `required: false` beside its `path`" : "create the file",
    });
  }

  private unreadable(path: string, cause: unknown): HomelabError {
    const code = (cause as NodeJS.ErrnoException).code;
    return new HomelabError(
      code === "EACCES" || code === "EPERM" ? "permission" : "compose-invalid",
      code === NO_FILE
        ? `${this.show(path)} is a pipe, socket or device, and no file`
        : `${this.show(path)} cannot be read (${code})`,
      {
        hint:
          code === NO_FILE
            ? "put a file in its place"
            : "see `ls -l` of the file: this user must be able to read it",
        cause,
      },
    );
  }

  private shorten(path: string): string {
    const inside = `${this.dir}/`;
    return path.startsWith(inside) ? path.slice(inside.length) : relative(this.dir, path);
  }

  private manifest(): Manifest {
    const files = [...this.files].map(([path, hash]) => [this.shorten(path), hash] as const);
    const chosen = this.dotenv.COMPOSE_FILE ? { chosen: true } : {};
    return { files, variables: [...this.variables], ...chosen };
  }

  private expected(summary: ComposeSummary): Map<string, number> {
    const active = new Set((this.dotenv.COMPOSE_PROFILES ?? "").split(",").filter(Boolean));
    const result = new Map<string, number>();
    for (const [name, service] of summary.services) {
      const off =
        service.profiles.length > 0 && !service.profiles.some((p) => active.has(p) || active.has("*"));
      const replicas = Number(interpolate(String(service.replicas), this.lookup));
      // What is no number is for compose to refuse.
      if (!off && replicas !== 0) result.set(name, Number.isInteger(replicas) ? replicas : 1);
    }
    return result;
  }

  private show(path: string): string {
    const shown = relative(this.root, path);
    return shown.startsWith("..") ? path : shown || ".";
  }
}
