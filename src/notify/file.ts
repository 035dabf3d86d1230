import { closeSync, fstatSync, openSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { parseSettings, type Settings } from "./settings.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where secrets of notifications are looked for, the first that is there counts. */
export function settingsPaths(env: Environment): string[] {
  // What is named outright has to be there: no other file takes its place.
  if (env.HOMELAB_NOTIFY_FILE) return [env.HOMELAB_NOTIFY_FILE];
  const own = env.XDG_CONFIG_HOME || join(env.HOME ?? "/root", ".config");
  return [
    ...(env.CREDENTIALS_DIRECTORY ? [join(env.CREDENTIALS_DIRECTORY, "homelab-notify")] : []),
    "/etc/homelab/notify.env",
    join(own, "homelab/notify.env"),
  ];
}

export interface Found {
  readonly path: string;
  readonly settings: Settings;
}

/**
 * Reads the settings. Undefined when there is no file, or none that may be used: secrets that others can read, or
 * that lie in the repository, are no secrets. `warn` gets one line for each thing that is wrong, never a value.
 */
export function readSettings(
  env: Environment,
  root: string | undefined,
  warn: (text: string) => void,
): Found | undefined {
  const denied: string[] = [];
  for (const path of settingsPaths(env)) {
    const there = look(path);
    if (there === "denied") denied.push(path);
    if (there === "file") return read(path, env, root, warn);
    if (there === "other") warn(`${path} is no file, so no notifications are sent`);
    if (there === "missing" && env.HOMELAB_NOTIFY_FILE) {
      warn(`HOMELAB_NOTIFY_FILE names ${path}, which does not exist: no notifications are sent`);
    }
    if (there === "other") return undefined;
  }
  // Root's file may be for root's runs only; it is worth a word where there is no other.
  for (const path of denied) warn(`${path} cannot be read by this user, so no notifications are sent`);
  return undefined;
}

function look(path: string): "missing" | "denied" | "file" | "other" {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) return "missing";
    if (!stat.isFile()) return "other";
    closeSync(openSync(path, "r"));
    return "file";
  } catch {
    return "denied";
  }
}

function read(path: string, env: Environment, root: string | undefined, warn: (text: string) => void) {
  const within = (dir: string) => realpathSync(path).startsWith(`${realpathSync(dir)}${sep}`);
  if (root !== undefined && within(root)) {
    warn(
      `${path} lies in the homelab repository, where it may be committed: move it to /etc/homelab/notify.env; until then no notifications are sent`,
    );
    return undefined;
  }
  const fd = openSync(path, "r");
  try {
    // systemd shows a mask there that its access list is narrower than.
    const credential = Boolean(env.CREDENTIALS_DIRECTORY) && within(env.CREDENTIALS_DIRECTORY ?? "");
    if (!credential && (fstatSync(fd).mode & 0o077) !== 0) {
      warn(`${path} can be read by others: \`chmod 600 ${path}\`; until then no notifications are sent`);
      return undefined;
    }
    const { settings, warnings } = parseSettings(readFileSync(fd, "utf8"), path);
    for (const warning of warnings) warn(warning);
    return { path, settings };
  } finally {
    closeSync(fd);
  }
}
