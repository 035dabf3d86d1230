import { lookup } from "node:dns/promises";
import { runProcess } from "../process/runner.ts";

const DEADLINE_MS = 5_000;

type Environment = Readonly<Record<string, string | undefined>>;

export const hasGit = (env: Environment): boolean => Bun.which("git", { PATH: env.PATH ?? "" }) !== null;

/** The host in the address of a remote; undefined for a path. Nothing else of the address, which may have a password. */
export function hostOf(address: string): string | undefined {
  if (/^\w[\w+.-]*:\/\//.test(address))
    return URL.parse(address)?.hostname.replace(/^\[|\]$/g, "") || undefined;
  // `git@host:path`; what has a slash in front of the colon is a path.
  return /^(?:[^/:@]+@)?([^/:@]+):/.exec(address)?.[1];
}

/** The host that a repository is pulled from; undefined when there is none. */
export async function remoteHost(root: string, env: Environment): Promise<string | undefined> {
  const { exitCode, stdout } = await runProcess(["git", "-C", root, "remote", "get-url", "origin"], {
    env,
    deadline: DEADLINE_MS,
  });
  return exitCode === 0 ? hostOf(stdout.trim()) : undefined;
}

/** Why the system finds no address for a name; undefined when it finds one. */
export async function unresolved(host: string): Promise<string | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve(`no answer within ${DEADLINE_MS / 1000} s`), DEADLINE_MS);
  const asked = lookup(host).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code ?? "unknown",
  );
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
