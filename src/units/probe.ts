import { type FetchOptions, ofetch } from "ofetch";
import type { Ready, ReadyExec } from "../book/types.ts";
import { HomelabError } from "../errors.ts";
import { type ProcessResult, runProcess } from "../process/runner.ts";

/** One try may take this long, in milliseconds. */
const TRY_MS = 5_000;

/** A proxy of the environment is for the world outside: what it sees of this network says nothing. The runtime's own. */
const DIRECT = { proxy: false } as FetchOptions<"text">;

/** Whether a recipe says how to find out that it is ready, beside the containers' own health checks. */
export const hasProbe = (ready: Ready | undefined): boolean =>
  ready?.http !== undefined ||
  ready?.tcp !== undefined ||
  ready?.command !== undefined ||
  ready?.exec !== undefined;

/** What probes are tried with. */
export interface Probing {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where commands run: the root. */
  readonly cwd: string;
  /** Tries a command in a container; undefined when it was well, otherwise what was seen instead. */
  readonly exec?: ((probe: ReadyExec) => Promise<string | undefined>) | undefined;
}

/** Between two tries of a recipe's probes, in milliseconds: who is asked in a container may be far away. */
export const pauseOf = (ready: Ready | undefined): number => (ready?.exec === undefined ? 250 : 2_000);

/**
 * Tries a recipe's `ready` probes once. Undefined when all answer; otherwise what was seen instead.
 * http: any status below 400; tcp: a connection; command and exec: exit code 0.
 */
export async function probe(ready: Ready, { env, cwd, exec }: Probing): Promise<string | undefined> {
  const tries = [
    () => ready.http && probeHttp(ready.http),
    () => ready.tcp && probeTcp(ready.tcp),
    () => ready.command && probeCommand(ready.command, env, cwd),
    () => ready.exec && (exec ? exec(ready.exec) : "only services have containers to try a command in"),
  ];
  for (const once of tries) {
    const problem = await once();
    if (problem) return problem;
  }
  return undefined;
}

async function probeHttp(url: string): Promise<string | undefined> {
  try {
    await ofetch(url, { ...DIRECT, retry: 0, timeout: TRY_MS, responseType: "text" });
    return undefined;
  } catch (error) {
    const failure = error as { statusCode?: number; cause?: { code?: string } };
    if (failure.statusCode !== undefined) return `${url} answers with status ${failure.statusCode}`;
    return `${url} does not answer (${failure.cause?.code ?? "timeout"})`;
  }
}

async function probeTcp(address: string): Promise<string | undefined> {
  const colon = address.lastIndexOf(":");
  const hostname = address.slice(0, colon).replace(/^\[|\]$/g, "");
  const port = Number(address.slice(colon + 1));
  const timeout = AbortSignal.timeout(TRY_MS);
  try {
    const socket = await Promise.race([
      Bun.connect({ hostname, port, socket: { data() {}, error() {} } }),
      new Promise<never>((_, reject) => timeout.addEventListener("abort", () => reject(timeout.reason))),
    ]);
    socket.end();
    return undefined;
  } catch (error) {
    return `${address} takes no connection (${(error as NodeJS.ErrnoException).code ?? "timeout"})`;
  }
}

async function probeCommand(
  command: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): Promise<string | undefined> {
  let result: ProcessResult;
  try {
    result = await runProcess(command, { env, cwd, deadline: TRY_MS });
  } catch (error) {
    // A program that is missing says nothing of what else is asked for.
    if (!(error instanceof HomelabError)) throw error;
    return `\`${command.join(" ")}\` cannot be tried: ${error.message}`;
  }
  if (result.exitCode === 0) return undefined;
  const how = result.timedOut
    ? "took longer than 5 s"
    : `ended with exit code ${result.exitCode ?? result.signal}`;
  return `\`${command.join(" ")}\` ${how}`;
}
