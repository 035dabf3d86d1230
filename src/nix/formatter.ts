import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { HomelabError } from "../errors.ts";
import type { Machine } from "../process/machine.ts";
import { runProcess } from "../process/runner.ts";
import { build } from "./build.ts";
import { asError, type NixOptions } from "./call.ts";
import { evaluate } from "./flake.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What formats Nix code. It takes files as its arguments, and rewrites them. */
export interface Formatter {
  readonly name: string;
  readonly program: string;
  /** The flake's own, or one that is installed. */
  readonly from: "flake" | "path";
}

/** In this order. */
const KNOWN = ["alejandra", "nixfmt", "nixpkgs-fmt"];
const CPU: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };
/** Files of one call. */
const MOST_FILES = 500;
/** What formatters look for beside the files: their settings, and where the tree begins. */
const SETTINGS = [
  "treefmt.toml",
  ".treefmt.toml",
  "alejandra.toml",
  ".editorconfig",
  "flake.nix",
  "flake.lock",
];
const LOG_LINES = 12;

/** What this machine calls itself in a flake. */
export const currentSystem = (): string => `${CPU[process.arch] ?? process.arch}-${process.platform}`;

/**
 * The formatter that a flake has for this machine, else one that is installed; undefined when there is none. Throws why
 * the flake's own cannot be built.
 */
export async function findFormatter(
  here: Machine,
  flake: string | undefined,
  env: Environment,
  options: NixOptions,
): Promise<Formatter | undefined> {
  const own = flake === undefined ? undefined : await formatterOf(here, flake, options);
  if (own) return own;
  for (const name of KNOWN) {
    const program = Bun.which(name, { PATH: env.PATH ?? "" });
    if (program !== null) return { name, program, from: "path" };
  }
  return undefined;
}

const NAME = "d: d.meta.mainProgram or d.pname or (builtins.parseDrvName d.name).name";

async function formatterOf(
  here: Machine,
  flake: string,
  options: NixOptions,
): Promise<Formatter | undefined> {
  const attribute = `formatter.${currentSystem()}`;
  const built = await build(here, { flake, attribute, keepLock: true, ...options });
  if (!built.ok && (built.code === "no-attribute" || built.code === "nix-missing")) return undefined;
  if (!built.ok) throw asError(built);
  const named = await evaluate(here, { flake, attribute }, ["--raw", "--apply", NAME], options);
  if (!named.ok) throw asError(named);
  const name = named.value;
  const program = join(built.path, "bin", name);
  if (existsSync(program)) return { name, program, from: "flake" };
  throw new HomelabError("not-configured", `the formatter of ${flake} has no program bin/${name}`, {
    hint: `it is \`${attribute}\` of the flake: a package with a program, such as \`pkgs.alejandra\``,
  });
}

export interface FormatRequest {
  readonly formatter: Formatter;
  /** Directory that the files are relative to. */
  readonly top: string;
  readonly files: readonly string[];
  /** Only tells what would change: the formatter works on a copy. */
  readonly check: boolean;
  readonly env: Environment;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds. */
  readonly deadline: number;
}

/** Formats files; gives those that are not as they were. Throws what the formatter says is wrong. */
export async function format(request: FormatRequest): Promise<string[]> {
  const { top, files, check } = request;
  const texts = files.map((file) => readText(join(top, file)));
  const dir = check ? mkdtempSync(join(tmpdir(), "homelab-fmt-")) : top;
  try {
    if (check) copyTo(dir, request);
    for (let at = 0; at < files.length; at += MOST_FILES)
      await formatSome({ ...request, top: dir }, files.slice(at, at + MOST_FILES));
    return files.filter((file, at) => !readFileSync(join(dir, file)).equals(texts[at] as Buffer));
  } finally {
    if (check) rmSync(dir, { recursive: true, force: true });
  }
}

function readText(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EACCES") throw error;
    throw new HomelabError("permission", `${path} cannot be read: no permission`, {
      hint: "look whose it is, and whose the directories are that it is in",
    });
  }
}

function copyTo(dir: string, { top, files }: FormatRequest): void {
  const settings = SETTINGS.filter((name) => existsSync(join(top, name)));
  for (const file of new Set([...files, ...settings])) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    cpSync(join(top, file), join(dir, file));
  }
}

async function formatSome(request: FormatRequest, files: readonly string[]): Promise<void> {
  const { formatter, top, env, signal, deadline } = request;
  // A name that begins with a dash is no option.
  const argv = [formatter.program, ...files.map((file) => `./${file}`)];
  const result = await runProcess(argv, { cwd: top, env, signal, deadline });
  if (result.exitCode === 0) return;
  if (result.cancelled) throw new HomelabError("interrupted", `broken off while ${formatter.name} was at it`);
  if (result.timedOut)
    throw new HomelabError("timeout", `${formatter.name} took too long`, {
      hint: "give it longer with `--timeout`",
    });
  const said = Bun.stripANSI(`${result.stdout}\n${result.stderr}`).split("\n");
  const text = said
    .filter((line) => line.trim() !== "")
    .slice(-LOG_LINES)
    .join("\n");
  const how = result.exitCode === null ? `signal ${result.signal}` : `exit code ${result.exitCode}`;
  throw new HomelabError("step-failed", `${formatter.name} failed with ${how}`, {
    hint: "it may be an error of syntax: `homelab lint` shows those",
    notes: text === "" ? [] : [{ text }],
  });
}
