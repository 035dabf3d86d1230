import { HomelabError } from "../../errors.ts";
import { runProcess } from "../../process/runner.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export const ASK_DEADLINE_MS = 10_000;

/** The numbers of a user. Throws `usage` when there is no such user. */
export async function identity(user: string, env: Environment): Promise<{ uid: number; gid: number }> {
  const ask = async (flag: string) => runProcess(["id", flag, user], { env, deadline: ASK_DEADLINE_MS });
  const [uid, gid] = await Promise.all([ask("-u"), ask("-g")]);
  if (uid.exitCode === 0 && gid.exitCode === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  throw new HomelabError("usage", `there is no user \`${user}\` on this machine`, {
    hint: "name another one with `--user`",
  });
}

/**
 * The environment with the home directory of who runs this. `sudo` may leave root the caller's, in which root's
 * settings are of no use: cron does not look there, and the caller could not change them any more.
 */
export async function atHome(env: Environment): Promise<Environment> {
  if (process.getuid?.() !== 0) return env;
  const { stdout } = await runProcess(["getent", "passwd", "0"], { env, deadline: ASK_DEADLINE_MS });
  const home = stdout.trim().split(":")[5];
  return home ? { ...env, HOME: home, XDG_CONFIG_HOME: undefined } : env;
}
