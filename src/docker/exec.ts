import type { Docker } from "./client.ts";
import { readLogLines } from "./logs.ts";

/** Nobody reads more of a line. */
const WIDTH = 500;

export interface ExecResult {
  /** Undefined when it did not end in time. */
  readonly exitCode: number | undefined;
  /** The last line that it wrote. */
  readonly said: string;
}

/**
 * Runs a command in a running container, without a shell. The engine has no way to end one that takes too long: after
 * `deadline` milliseconds it is left alone. Throws when it cannot be started.
 */
export async function exec(
  docker: Docker,
  id: string,
  command: readonly string[],
  deadline: number,
): Promise<ExecResult> {
  const signal = AbortSignal.timeout(deadline);
  const body = { Cmd: command, AttachStdout: true, AttachStderr: true };
  const path = `/containers/${encodeURIComponent(id)}/exec`;
  const { Id } = await docker.get<{ Id: string }>(path, { method: "POST", body });
  let said = "";
  try {
    const start = { method: "POST", body: { Detach: false, Tty: false }, signal };
    for await (const { text } of readLogLines(await docker.stream(`/exec/${Id}/start`, start), false)) {
      if (text.trim() !== "") said = text.trim().slice(0, WIDTH);
      if (signal.aborted) break;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  if (signal.aborted) return { exitCode: undefined, said };
  const { ExitCode } = await docker.get<{ ExitCode: number | null }>(`/exec/${Id}/json`);
  return { exitCode: ExitCode ?? undefined, said };
}
