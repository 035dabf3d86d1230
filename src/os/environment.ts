type Environment = Readonly<Record<string, string | undefined>>;

/** Where programs are on the usual systems, NixOS and snaps among them. */
const USUAL_PATH = [
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/sbin",
  "/usr/bin",
  "/sbin",
  "/bin",
  // What has rights of its own on NixOS, such as sudo and sendmail, before what is called the same.
  "/run/wrappers/bin",
  "/run/current-system/sw/bin",
  "/snap/bin",
];

/**
 * The environment with what cron and system units leave out: the usual directories after those of PATH, and HOME.
 * Without it a compose file with `${HOME}` would mean another directory at night than it does by day.
 */
export function completeEnvironment(env: Environment, home: () => string | undefined = ownHome): Environment {
  const given = env.PATH?.split(":").filter(Boolean) ?? [];
  const missing = USUAL_PATH.filter((dir) => !given.includes(dir));
  if (missing.length === 0 && env.HOME) return env;
  return { ...env, PATH: [...given, ...missing].join(":"), HOME: env.HOME || home() };
}

/** The home directory in the system's list of users. The module is only loaded where it is asked. */
function ownHome(): string | undefined {
  try {
    return process.getBuiltinModule("node:os").homedir();
  } catch {
    // A user id without an entry, as in a container.
    return undefined;
  }
}

/** A variable by a name that somebody wrote: `constructor` is none, although every object has one. */
export const variable = (env: Environment, name: string): string | undefined =>
  Object.hasOwn(env, name) ? env[name] : undefined;
