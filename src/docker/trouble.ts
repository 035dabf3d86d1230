import { HomelabError } from "../errors.ts";
import type { Endpoint } from "./endpoint.ts";

/** Newest API version whose answers are understood here. */
export const OUR_VERSION = "1.51";

/** Whether an error says that the engine gave no answer, rather than one that was not wanted. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof HomelabError) || error.code !== "docker-unavailable") return false;
  return (error.cause as { statusCode?: number } | undefined)?.statusCode === undefined;
}

/** An answer that says that there is no such container. */
export function isNotFound(error: unknown): boolean {
  return error instanceof HomelabError && (error.cause as { statusCode?: number })?.statusCode === 404;
}

/** An answer that says that the container is not there, or is being removed. */
export function isGone(error: unknown): boolean {
  const status = error instanceof HomelabError && (error.cause as { statusCode?: number })?.statusCode;
  return status === 404 || status === 409;
}

/** The answer to a request for a stream is one, too, when it is a refusal: this reads what it says. */
export async function withWords(error: unknown): Promise<unknown> {
  const { data, statusCode } = error as { data?: unknown; statusCode?: number };
  if (!(data instanceof ReadableStream)) return error;
  const text = await new Response(data).text();
  const message = /^\{"message":"(.*)"\}\s*$/s.exec(text)?.[1] ?? text.trim();
  return { statusCode, data: { message: message || undefined }, cause: error };
}

export function explain(error: unknown, endpoint: Endpoint): HomelabError {
  const failure = error as {
    statusCode?: number;
    data?: { message?: string } | string;
    cause?: { code?: string; name?: string };
  };
  if (failure.statusCode !== undefined) {
    const { data } = failure;
    // Engines answer old clients in plain text.
    const said = (typeof data === "string" ? data.trim() : data?.message) || `status ${failure.statusCode}`;
    if (/^client version \S+ is too /.test(said)) {
      return new HomelabError("unsupported", `Docker and homelab do not speak the same version: ${said}`, {
        hint: `update the older of the two; homelab speaks Docker's API up to version ${OUR_VERSION}`,
        cause: error,
      });
    }
    return new HomelabError("docker-unavailable", `Docker refused a request: ${said}`, { cause: error });
  }
  const where = endpoint.unix ?? endpoint.host;
  switch (failure.cause?.code) {
    case "ENOENT":
      return new HomelabError("docker-unavailable", `Docker is not running: there is no socket at ${where}`, {
        hint: "start it with `systemctl start docker`, or point DOCKER_HOST at its socket",
        cause: error,
      });
    case "EACCES":
    case "EPERM":
      return new HomelabError("permission", `no permission to use Docker's socket ${where}`, {
        hint: "run as root, or add this user to the docker group: `sudo usermod -aG docker $USER`, then log in again",
        cause: error,
      });
    case "ECONNREFUSED":
      return new HomelabError("docker-unavailable", `Docker does not answer at ${where}`, {
        hint: "see `systemctl status docker` and `journalctl -u docker`",
        cause: error,
      });
  }
  const text = failure.cause?.name === "TimeoutError" ? "took too long to answer" : "could not be reached";
  return new HomelabError("docker-unavailable", `Docker at ${where} ${text}`, {
    hint: "see `systemctl status docker`; DOCKER_HOST says where it is looked for",
    cause: error,
  });
}

export function olderVersion(a: string, b: string): string {
  const minor = (version: string) => Number(version.split(".")[1] ?? 0);
  return minor(a) <= minor(b) ? a : b;
}
