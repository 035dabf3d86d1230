import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { HomelabError } from "../errors.ts";
import { type Route, sshConfig } from "./config.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What fits into the address of a Unix socket on every system, less the end that ssh gives the name for a moment. */
const LONGEST_SOCKET = 103 - 17;
/** `/`, our own id, and ssh's hash of the connection behind a hyphen. */
const NAME_LENGTH = 1 + 8 + 1 + 40;
/** Names the file of a person's ssh settings, instead of ~/.ssh/config. */
const CONFIG_VARIABLE = "HOMELAB_SSH_CONFIG";

/**
 * A directory of ours alone for the settings and sockets of ssh, made where it is missing: the same one for every run
 * of this user. Throws `refused` when somebody else has put something in its place.
 */
export function privateDirectory(env: Environment, user = process.getuid?.() ?? 0): string {
  const runtime = env.XDG_RUNTIME_DIR;
  const places = [
    // Under `sudo` it is another user's.
    ...(runtime?.startsWith("/") && isOwn(runtime, user) ? [join(runtime, "homelab")] : []),
    ...(env.TMPDIR?.startsWith("/") ? [join(env.TMPDIR, `homelab-${user}`)] : []),
    `/tmp/homelab-${user}`,
  ];
  const place = places.find((path) => path.length + NAME_LENGTH <= LONGEST_SOCKET) ?? `/tmp/homelab-${user}`;
  try {
    mkdirSync(place, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST")
      throw new HomelabError("permission", `cannot make ${place}, where the connections of ssh are kept`, {
        hint: "set XDG_RUNTIME_DIR or TMPDIR to a directory of your own",
        cause: error,
      });
  }
  if (isOwn(place, user, 0o077)) return place;
  throw new HomelabError("refused", `${place} is not a directory of yours alone`, {
    hint: "connections of ssh are kept in it: see with `ls -ld` whose it is, and remove it",
  });
}

/** Whether it is a directory itself, no link to one, belongs to the user, and gives others none of `closed`. */
function isOwn(path: string, user: number, closed = 0o022): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === user && (found.mode & closed) === 0;
}

/** A settings file that has been written. */
export interface Written {
  /** Directory of the sockets and logs. */
  readonly directory: string;
  readonly file: string;
  /** Every control socket of this host begins so. */
  readonly id: string;
}

/**
 * Writes the settings for a host, under a name that says what is in them: runs at the same time write the same, and
 * later ones find it.
 */
export function writeSettings(route: Route, env: Environment): Written {
  const directory = privateDirectory(env);
  const include = [ownSettings(env), "/etc/ssh/ssh_config"];
  const id = createHash("sha256")
    .update(JSON.stringify([route, include]))
    .digest("hex")
    .slice(0, 8);
  const text = sshConfig(route, { directory, id, include });
  const file = join(directory, `${id}.conf`);
  if (textOf(file) !== text) {
    const fresh = `${file}.${process.pid}`;
    writeFileSync(fresh, text, { mode: 0o600 });
    renameSync(fresh, file);
  }
  return { directory, file, id };
}

let logs = 0;

/** Path of a file for the messages of one call of ssh, which no other call has. */
export const freshLog = ({ directory, id }: Written): string =>
  join(directory, `log-${process.pid}-${id}-${logs++}`);

/** ssh leaves out what is not there; what somebody has named must be. */
function ownSettings(env: Environment): string {
  const named = env[CONFIG_VARIABLE];
  if (!named) return `${env.HOME ?? "/root"}/.ssh/config`;
  if (existsSync(named)) return resolve(named);
  throw new HomelabError("not-configured", `${CONFIG_VARIABLE} names \`${named}\`, which is not there`, {
    hint: "name a file of ssh settings, or unset it to use ~/.ssh/config",
  });
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // Missing or unreadable: it is written anew, and that says what is wrong.
    return undefined;
  }
}
