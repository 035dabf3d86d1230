import * as v from "valibot";
import { brief } from "./brief.ts";
import type { Fault } from "./fault.ts";
import { invalid } from "./fault.ts";
import { nearest } from "./nearest.ts";
import { COMMAND_NAMES } from "./reserved.ts";
import {
  environment,
  isSection,
  NAME,
  NAME_RULE,
  need,
  RESERVED,
  type RecipeFile,
  ready,
  readyExec,
  recipeFile,
  SECTIONS,
  serviceReady,
} from "./schema.ts";

type Path = readonly (string | number)[];

export interface Checked {
  /** What is valid of the file. */
  readonly recipes: RecipeFile;
  readonly faults: readonly Fault[];
  /** Names whose recipes are there but invalid: a need on one of them is no second problem. */
  readonly brokenNames: readonly string[];
  /** False when names may be missing that the file's author did write. */
  readonly complete: boolean;
}

/** Checks the parsed content of one recipe file. Pure; every problem becomes a fault. */
export function checkFile(file: string, data: unknown): Checked {
  if (data === null || data === undefined)
    return { recipes: {}, faults: [], brokenNames: [], complete: true };
  if (typeof data !== "object" || Array.isArray(data)) {
    const message = `a recipe file must be a mapping with keys such as \`services\`, not ${received(data)}`;
    const hint = `valid keys are ${Object.keys(recipeFile.entries).join(", ")}`;
    return {
      recipes: {},
      faults: [invalid(message, { hint, at: { file, path: [] } })],
      brokenNames: [],
      complete: false,
    };
  }
  const result = v.safeParse(recipeFile, data);
  const faults = reservedNames(file, data);
  if (!result.success) {
    for (const issue of result.issues) faults.push(...issueFaults(file, data, issue, []));
  }
  if (faults.length === 0) return { recipes: data as RecipeFile, faults, brokenNames: [], complete: true };
  return { ...withoutFaulty(data as Record<string, unknown>, faults), faults };
}

function reservedNames(file: string, data: object): Fault[] {
  const faults: Fault[] = [];
  for (const [section, entries] of Object.entries(data)) {
    if (!isSection(section) || !entries || typeof entries !== "object") continue;
    for (const name of Object.keys(entries)) {
      const message = reservedAs(section, name);
      if (message === undefined) continue;
      faults.push(
        invalid(message, {
          hint: `give the ${SECTIONS[section].noun} another name`,
          at: { file, path: [section, name], key: true },
        }),
      );
    }
  }
  return faults;
}

function reservedAs(section: string, name: string): string | undefined {
  if (RESERVED.has(name)) return `the name \`${name}\` is reserved`;
  return section === "tasks" && COMMAND_NAMES.has(name)
    ? `\`${name}\` is a command of homelab: a task of this name could never be called`
    : undefined;
}

/** The faults of one valibot issue; `base` is the path of the union that it is a branch of. */
function issueFaults(file: string, data: object, issue: v.BaseIssue<unknown>, base: Path): Fault[] {
  const path = [...base, ...(issue.path ?? []).map((item) => item.key as string | number)];
  if (issue.type === "union" && issue.issues) {
    const branch = branchMeant(issue.issues, valueAt(data, path));
    if (branch.length > 0) return branch.flatMap((inner) => issueFaults(file, data, inner, path));
  }
  if (issue.type === "strict_object" && issue.expected === "never") return unknownKeys(file, data, path);
  if (issue.type === "strict_object" && issue.expected !== "Object") {
    const owner = path.slice(0, -1);
    const key = path.at(-1);
    return [
      invalid(`${subject(owner)} has no \`${key}\``, {
        hint: `add \`${key}:\``,
        at: { file, path: owner, key: true },
      }),
    ];
  }
  if (issue.path?.at(-1)?.origin === "key") {
    return [
      invalid(`\`${brief(String(path.at(-1)))}\` is not a valid name`, {
        hint: NAME_RULE,
        at: { file, path, key: true },
      }),
    ];
  }
  const value = valueAt(data, path);
  const message = `${subject(path)} ${issue.message}, not ${received(value)}`;
  return [invalid(message, { hint: hintFor(issue.message, value), at: { file, path } })];
}

/** Of a union's branches the one whose shape the value has. */
function branchMeant(issues: readonly v.BaseIssue<unknown>[], value: unknown): v.BaseIssue<unknown>[] {
  const shape = Array.isArray(value) ? "array" : typeof value === "object" ? "strict_object" : "string";
  const deep = issues.filter((issue) => issue.path && issue.path.length > 0);
  if (shape !== "string") return value === null ? [] : deep;
  return issues.filter((issue) => !issue.path && issue.kind === "validation");
}

function hintFor(predicate: string, value: unknown): string | undefined {
  const aName = predicate.startsWith("must be a name");
  if (typeof value === "number" || typeof value === "boolean") {
    return aName || predicate === "must be text" ? `put it in quotes: \`"${value}"\`` : undefined;
  }
  if (aName) return NAME_RULE;
  if (predicate.startsWith("must be a list of arguments when")) {
    return 'Write it as a list, one argument each: `["curl", "-f", "http://127.0.0.1"]`';
  }
  return undefined;
}

/** Valibot stops at an object's first unknown key; a person wants to see all of them. */
function unknownKeys(file: string, data: object, path: Path): Fault[] {
  const owner = path.slice(0, -1);
  const valid = keysAt(owner);
  const value = valueAt(data, owner);
  if (!value || typeof value !== "object") return [];
  return Object.keys(value)
    .filter((key) => !valid.includes(key))
    .map((key) => {
      const meant = nearest(key, valid);
      const hint = meant ? `did you mean \`${meant}\`?` : `valid keys are ${valid.join(", ")}`;
      const where = owner.length === 0 ? "" : ` of ${subject(owner)}`;
      return invalid(`unknown key \`${brief(key)}\`${where}`, {
        hint,
        at: { file, path: [...owner, key], key: true },
      });
    });
}

function keysAt(path: Path): string[] {
  const [section, , key, inner] = path;
  if (!isSection(section)) return Object.keys(recipeFile.entries);
  if (key === "ready" && inner === "exec") return Object.keys(readyExec.entries);
  if (key === "ready") return Object.keys((section === "services" ? serviceReady : ready).entries);
  if (key === "needs") return Object.keys(need.entries);
  if (key === "env") return Object.keys(environment.entries);
  return Object.keys(SECTIONS[section].entries);
}

/** What a path stands for, in words: "`ready.http` of service `plex`". */
function subject(path: Path): string {
  const [section, name, ...rest] = path;
  if (!isSection(section) || name === undefined) return `\`${String(section)}\``;
  const owner = `${SECTIONS[section].noun} \`${brief(String(name))}\``;
  const keys = rest.filter((key) => typeof key === "string");
  if (section === "groups") return rest.length > 0 ? `a member of ${owner}` : owner;
  if (keys.length === 0) return owner;
  const inList = typeof rest.at(-1) === "number" ? "an entry of " : "";
  return `${inList}\`${keys.join(".")}\` of ${owner}`;
}

function received(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return "a mapping";
  if (typeof value === "string") return value === "" ? "empty text" : `\`${brief(value)}\``;
  return `the ${typeof value} \`${String(value)}\``;
}

function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const key of path) {
    if (!value || typeof value !== "object") return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

/** A copy without the entries that have a fault, so that the rest of the book can still be checked. */
function withoutFaulty(data: Record<string, unknown>, faults: readonly Fault[]): Omit<Checked, "faults"> {
  const recipes: Record<string, unknown> = { ...data };
  const brokenNames: string[] = [];
  let complete = true;
  for (const fault of faults) {
    const [section, name] = fault.at?.path ?? [];
    if (section === undefined) continue;
    if (!isSection(section) || name === undefined) {
      delete recipes[section];
      complete = false;
      continue;
    }
    const entries = { ...(recipes[section] as Record<string, unknown>) };
    delete entries[name];
    recipes[section] = entries;
    if (NAME.test(String(name))) brokenNames.push(String(name));
  }
  return { recipes: recipes as RecipeFile, brokenNames, complete };
}
