import { HomelabError } from "../errors.ts";
import type { Endpoint } from "./endpoint.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface ExecRequest {
  readonly container: string;
  readonly command: readonly string[];
  /** It gets a terminal of its own, which is the person's. */
  readonly terminal: boolean;
}

/** `docker exec` with its input open: the command line. */
export function execCommand(docker: string, { container, command, terminal }: ExecRequest): string[] {
  return [docker, "exec", "-i", ...(terminal ? ["-t"] : []), container, ...command];
}

/** The docker command and the environment in which it talks to the engine at hand. Throws `unavailable`. */
export function findDocker(env: Environment, endpoint: Endpoint): { docker: string; env: Environment } {
  const docker = Bun.which("docker", { PATH: env.PATH ?? "" });
  if (docker) return { docker, env: endpoint.unix ? { ...env, DOCKER_HOST: endpoint.host } : env };
  throw new HomelabError("unavailable", "the command `docker` is not installed", {
    hint: "install the package docker-ce-cli (Debian: docker-cli), or add its directory to PATH",
  });
}
