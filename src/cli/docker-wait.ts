import { now } from "../clock.ts";
import { Docker } from "../docker/client.ts";
import { dockerEndpoint } from "../docker/endpoint.ts";
import { untilReached } from "../docker/life.ts";
import { isAway } from "../docker/trouble.ts";
import { HomelabError } from "../errors.ts";
import { formatDuration } from "../report/duration.ts";
import type { Context } from "./context.ts";
import type { Waiter } from "./engine.ts";

/**
 * Waits for an engine that did not answer (`error` says how) for up to `patience` milliseconds, and says so once.
 * What waiting cannot mend (no permission) is thrown as it is.
 */
export async function waitForDocker(
  { env, messages, options }: Context,
  error: unknown,
  patience: number,
  run: Waiter | undefined,
): Promise<Docker> {
  // A context that cannot be read does not mend itself.
  dockerEndpoint(env);
  if (!isAway(error)) throw error;
  const began = now();
  const limit = Math.min(patience, options.timeout ?? patience);
  const say = run ? (text: string) => run.listener.message(text) : messages.info;
  say(`${(error as HomelabError).message}: waiting up to ${formatDuration(limit)} for it`);
  let docker: Docker | undefined;
  const attempt = async () => {
    // Looked for anew: what listens may come up at another of the usual places.
    docker = await Docker.connect(dockerEndpoint(env));
  };
  const failure = await untilReached(attempt, limit, run?.stop.stop ?? new AbortController().signal);
  if (docker) return docker;
  if (!(failure instanceof HomelabError) || !isAway(failure)) throw failure;
  throw new HomelabError(
    failure.code,
    `${failure.message}, also after ${formatDuration(now() - began)} of waiting`,
    { hint: failure.hint, cause: failure },
  );
}
