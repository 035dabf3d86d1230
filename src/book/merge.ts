import { brief } from "./brief.ts";
import { BUILTIN_FILES, BUILTIN_PREFIX } from "./builtin.ts";
import { parseDuration } from "./duration.ts";
import { type Fault, invalid, TWICE_HINT } from "./fault.ts";
import { nearest } from "./nearest.ts";
import { parseSource, type Source } from "./read.ts";
import { isSection, type RawNeeds, type RawReady, type RecipeFile, type Section } from "./schema.ts";
import type { Group, Need, Origin, Ready, Recipe, ServiceRecipe } from "./types.ts";
import { checkFile } from "./validate.ts";

/** A service whose directory has not been looked for yet. */
export type ServiceDraft = Omit<ServiceRecipe, "dir" | "present" | "path" | "files" | "family"> & {
  readonly dir?: string | undefined;
};
export type Draft = ServiceDraft | Exclude<Recipe, ServiceRecipe>;

/** What the recipe files say, before the file system is asked. */
export class Merged {
  readonly recipes = new Map<string, Draft>();
  readonly groups = new Map<string, Group>();
  readonly faults: Fault[] = [];
  /** Names that are there but invalid. */
  readonly broken = new Set<string>();
  /** False when the files may define names that could not be read. */
  complete = true;
  readonly #files = new Set<string>();
  readonly #origins = new Map<string, Origin>();

  /** Takes in one file, behind the shipped files that it includes. Taking in a file again changes nothing. */
  async add(source: Source): Promise<void> {
    if (this.#files.has(source.file)) return;
    this.#files.add(source.file);
    const parsed = await parseSource(source);
    this.faults.push(...parsed.faults);
    if (parsed.faults.length > 0) {
      this.complete = false;
      return;
    }
    const checked = checkFile(source.file, parsed.data);
    this.faults.push(...checked.faults);
    if (!checked.complete) this.complete = false;
    for (const name of checked.brokenNames) this.broken.add(name);
    await this.#include(source.file, checked.recipes.include ?? []);
    this.#addRecipes(source.file, checked.recipes);
  }

  async #include(file: string, includes: readonly string[]): Promise<void> {
    for (const [index, name] of includes.entries()) {
      const text = BUILTIN_FILES.get(name);
      if (text !== undefined) {
        await this.add({ file: name, text });
        continue;
      }
      this.complete = false;
      const meant = nearest(name, BUILTIN_FILES.keys());
      const known = [...BUILTIN_FILES.keys()].join(", ");
      this.faults.push(
        invalid(`there is no shipped file \`${brief(name.slice(BUILTIN_PREFIX.length))}\``, {
          hint: meant ? `did you mean \`${meant}\`?` : `the shipped files are ${known}`,
          at: { file, path: ["include", index] },
        }),
      );
    }
  }

  #addRecipes(file: string, recipes: RecipeFile): void {
    for (const section of Object.keys(recipes)) {
      if (!isSection(section)) continue;
      for (const name of Object.keys(recipes[section] ?? {})) {
        const origin: Origin = { file, path: [section, name] };
        if (!this.#claim(name, origin)) continue;
        if (section === "groups")
          this.groups.set(name, { name, members: recipes.groups?.[name] ?? [], origin });
        else this.recipes.set(name, draft(recipes, section, name, origin));
      }
    }
  }

  /** Whether the name is still free; when not, both places are a fault. */
  #claim(name: string, origin: Origin): boolean {
    const first = this.#origins.get(name);
    if (!first) {
      this.#origins.set(name, origin);
      return true;
    }
    this.faults.push(
      invalid(`\`${name}\` is defined twice`, {
        hint: TWICE_HINT,
        at: { ...origin, key: true },
        notes: [{ text: "first defined here", at: { ...first, key: true } }],
      }),
    );
    return false;
  }
}

function draft(file: RecipeFile, section: Exclude<Section, "groups">, name: string, origin: Origin): Draft {
  switch (section) {
    case "services": {
      const raw = file.services?.[name] ?? {};
      const { dir, project, mounts = [], rollback = "manual", env, before_update: beforeUpdate } = raw;
      const optional = env?.optional ?? [];
      const own = { dir, project, mounts, beforeUpdate, rollback, optional };
      return { ...node(name, origin, raw), kind: "service", ...own };
    }
    case "units": {
      const raw = file.units?.[name];
      return { ...node(name, origin, raw ?? {}), kind: "unit", unit: raw?.unit ?? name };
    }
    case "microvms": {
      const raw = file.microvms?.[name] ?? {};
      const { address, user, identity, host, flake } = raw;
      return { ...node(name, origin, raw), kind: "microvm", address, user, identity, host, flake };
    }
    case "hosts": {
      const raw = file.hosts?.[name] ?? {};
      const { address, user, identity, stage, build, critical = [] } = raw;
      return { ...node(name, origin, raw), kind: "host", address, user, identity, stage, build, critical };
    }
    case "tasks": {
      const raw = file.tasks?.[name];
      const { params = [], confirm } = raw ?? {};
      const shell = { run: lines(raw?.run), finally: lines(raw?.finally) };
      return { ...node(name, origin, raw ?? {}), kind: "task", params, confirm, ...shell };
    }
  }
}

interface RawNode {
  readonly needs?: RawNeeds;
  readonly after?: string[] | undefined;
  readonly ready?: RawReady | undefined;
  readonly description?: string | undefined;
}

/** What recipes of every kind have. */
function node(name: string, origin: Origin, { needs = [], after = [], ready, description }: RawNode) {
  return { name, origin, description, needs: needs.map(need), after, ready: ready && readiness(ready) };
}

function need(raw: NonNullable<RawNeeds>[number]): Need {
  return typeof raw === "string"
    ? { name: raw, when: "healthy" }
    : { name: raw.name, when: raw.when ?? "healthy" };
}

function readiness({ http, tcp, command, exec, within, stable }: RawReady): Ready {
  return {
    http,
    tcp,
    command: command === undefined ? undefined : argumentsOf(command),
    exec: exec && { service: exec.service, command: argumentsOf(exec.command) },
    within: within === undefined ? undefined : parseDuration(within),
    stable: stable === undefined ? undefined : parseDuration(stable),
  };
}

const argumentsOf = (raw: string | readonly string[]): readonly string[] =>
  typeof raw === "string" ? raw.split(/ +/) : raw;

function lines(raw: string | readonly string[] | undefined): readonly string[] {
  return typeof raw === "string" ? [raw] : (raw ?? []);
}
