import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Content } from "./mutate.ts";

/** What stands at a path: a file, or what may stand there instead of one. */
export type Entry =
  | { readonly content: Content; readonly mode?: number }
  | { readonly link: string }
  | { readonly special: "directory" | "pipe" };

/** A homelab as a case of the fuzz test has it: entries by their paths. */
export type Home = ReadonlyMap<string, Entry>;

/** Makes the directory hold the homelab and nothing else. */
export function furnish(root: string, home: Home): void {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  for (const [path, entry] of home) {
    const full = join(root, path);
    mkdirSync(dirname(full), { recursive: true });
    if ("link" in entry) symlinkSync(entry.link, full);
    else if ("content" in entry) {
      writeFileSync(full, entry.content);
      if (entry.mode !== undefined) chmodSync(full, entry.mode);
    } else if (entry.special === "directory") mkdirSync(full);
    else if (Bun.spawnSync(["mkfifo", full]).exitCode !== 0) throw new Error(`mkfifo ${full} failed`);
  }
}

/** All that is in the directory, as text: two times the same when nothing was changed between them. */
export function inventory(root: string): string {
  const lines: string[] = [];
  const walk = (dir: string) => {
    for (const name of readdirSync(dir).sort()) {
      const path = join(dir, name);
      const stat = lstatSync(path);
      const what = stat.isSymbolicLink()
        ? `-> ${readlinkSync(path)}`
        : stat.isFile()
          ? Bun.hash(readFileSync(path)).toString(16)
          : "";
      lines.push(`${path} ${stat.mode.toString(8)} ${stat.isDirectory() ? "" : stat.mtimeMs} ${what}`);
      if (stat.isDirectory()) walk(path);
    }
  };
  walk(root);
  return lines.join("\n");
}

/** The homelab as a person can read it, and make it again. */
export function describe(home: Home): string {
  return [...home]
    .map(([path, entry]) => {
      if ("link" in entry) return `${path} -> ${entry.link}`;
      if ("special" in entry) return `${path} (${entry.special})`;
      const { content } = entry;
      return `${path} = ${typeof content === "string" ? JSON.stringify(content) : `bytes ${Buffer.from(content).toString("hex")}`}`;
    })
    .join("\n");
}

/** The texts of all files. */
export const textsOf = (home: Home): Map<string, string> =>
  new Map(
    [...home].flatMap(([path, entry]) =>
      "content" in entry
        ? [
            [
              path,
              typeof entry.content === "string" ? entry.content : Buffer.from(entry.content).toString("utf8"),
            ],
          ]
        : [],
    ),
  );
