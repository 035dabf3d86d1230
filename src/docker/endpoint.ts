import { existsSync, readFileSync } from "node:fs";
import { HomelabError } from "../errors.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the engine listens, and how a child `docker` is told of the same place. */
export interface Endpoint {
  /** As a person writes it: unix:///var/run/docker.sock, tcp://10.0.0.2:2376. */
  readonly host: string;
  /** Path of the socket, for unix endpoints. */
  readonly unix?: string | undefined;
  /** Base address for HTTP requests, without a trailing slash. */
  readonly base: string;
  readonly tls?: { ca?: string; cert?: string; key?: string; rejectUnauthorized?: boolean } | undefined;
}

/**
 * The engine that the docker CLI would talk to: DOCKER_HOST, else DOCKER_CONTEXT or the current context of
 * ~/.docker/config.json, else the usual sockets of Docker and Podman.
 * Throws `unsupported` for ssh endpoints and `docker-unavailable` for a context that does not exist.
 */
export function dockerEndpoint(env: Environment): Endpoint {
  if (env.DOCKER_HOST) return fromHost(env.DOCKER_HOST, tlsFromEnvironment(env));
  const config = dockerConfigDir(env);
  const context = env.DOCKER_CONTEXT || currentContext(config);
  if (context && context !== "default") return fromContext(config, context);
  const runtime = env.XDG_RUNTIME_DIR;
  const sockets = [
    "/var/run/docker.sock",
    ...(runtime ? [`${runtime}/docker.sock`] : []),
    "/run/podman/podman.sock",
    ...(runtime ? [`${runtime}/podman/podman.sock`] : []),
  ];
  const socket = sockets.find((path) => existsSync(path)) ?? "/var/run/docker.sock";
  return { host: `unix://${socket}`, unix: socket, base: "http://docker" };
}

/** Directory of the docker CLI's settings and plugins. */
export function dockerConfigDir(env: Environment): string {
  return env.DOCKER_CONFIG || `${env.HOME ?? "/root"}/.docker`;
}

function fromHost(host: string, tls: Endpoint["tls"]): Endpoint {
  if (host.startsWith("unix://")) return { host, unix: host.slice("unix://".length), base: "http://docker" };
  if (host.startsWith("tcp://") || host.startsWith("http://") || host.startsWith("https://")) {
    const address = host.slice(host.indexOf("//") + 2).replace(/\/+$/, "");
    const secure = tls !== undefined || host.startsWith("https://");
    return { host, base: `${secure ? "https" : "http"}://${address}`, tls };
  }
  throw new HomelabError("unsupported", `Docker endpoint \`${host}\` is not supported`, {
    hint: "set DOCKER_HOST to unix:///path/to/docker.sock or tcp://host:port",
  });
}

function tlsFromEnvironment(env: Environment): Endpoint["tls"] {
  if (!env.DOCKER_TLS_VERIFY && !env.DOCKER_TLS) return undefined;
  const dir = env.DOCKER_CERT_PATH || dockerConfigDir(env);
  return { ...tlsFiles(dir), rejectUnauthorized: Boolean(env.DOCKER_TLS_VERIFY) };
}

function tlsFiles(dir: string): { ca?: string; cert?: string; key?: string } {
  const files: { ca?: string; cert?: string; key?: string } = {};
  for (const part of ["ca", "cert", "key"] as const) {
    const path = `${dir}/${part}.pem`;
    if (existsSync(path)) files[part] = readFileSync(path, "utf8");
  }
  return files;
}

function currentContext(config: string): string | undefined {
  try {
    const settings = JSON.parse(readFileSync(`${config}/config.json`, "utf8")) as { currentContext?: string };
    return settings.currentContext;
  } catch {
    // No settings, or unreadable ones: the docker CLI goes on with its defaults as well.
    return undefined;
  }
}

function fromContext(config: string, name: string): Endpoint {
  const id = new Bun.CryptoHasher("sha256").update(name).digest("hex");
  let meta: { Endpoints?: { docker?: { Host?: string; SkipTLSVerify?: boolean } } };
  try {
    meta = JSON.parse(readFileSync(`${config}/contexts/meta/${id}/meta.json`, "utf8"));
  } catch (cause) {
    throw new HomelabError("docker-unavailable", `Docker context \`${name}\` cannot be read`, {
      hint: "`docker context ls` shows the contexts; `docker context use default` goes back",
      cause,
    });
  }
  const host = meta.Endpoints?.docker?.Host ?? "unix:///var/run/docker.sock";
  const tls = tlsFiles(`${config}/contexts/tls/${id}/docker`);
  const secure = Object.keys(tls).length > 0;
  return fromHost(
    host,
    secure ? { ...tls, rejectUnauthorized: !meta.Endpoints?.docker?.SkipTLSVerify } : undefined,
  );
}
