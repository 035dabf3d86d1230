import { IMAGE } from "./paths.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** Fields of a compose service that does nothing, starts fast and ends fast. */
export const idle = (fields: Fields = {}): Fields => ({
  image: IMAGE,
  // A network per project would use up the engine's few address ranges.
  network_mode: "none",
  stop_signal: "SIGKILL",
  ...fields,
});

/** The text of a compose file with these services (JSON is YAML); `more` are its other top-level keys. */
export function composeFile(services: Readonly<Record<string, Fields>>, more: Fields = {}): string {
  return `${JSON.stringify({ ...more, services }, null, 2)}\n`;
}

/** The text of a compose file with one service `app`. */
export const app = (fields: Fields = {}, more: Fields = {}): string =>
  composeFile({ app: idle(fields) }, more);

/** A health check that asks `command` every half second. */
export const health = (command: string, fields: Fields = {}): Fields => ({
  healthcheck: { test: ["CMD-SHELL", command], interval: "500ms", timeout: "2s", retries: 2, ...fields },
});

/** A shell line as a container's command. `$` is for the shell, not for compose. */
export const shell = (line: string): Fields => ({ command: ["sh", "-c", line.replaceAll("$", () => "$$")] });
