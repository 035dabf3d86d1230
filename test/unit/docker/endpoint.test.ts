import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { dockerConfigDir, dockerEndpoint } from "../../../src/docker/endpoint.ts";
import { HomelabError } from "../../../src/errors.ts";
import { temporary, write } from "../temporary.ts";

const unix = (path: string) => ({ host: `unix://${path}`, unix: path, base: "http://docker" });

describe("DOCKER_HOST", () => {
  test.each([
    ["unix:///run/x.sock", unix("/run/x.sock")],
    ["tcp://10.0.0.2:2375", { host: "tcp://10.0.0.2:2375", base: "http://10.0.0.2:2375" }],
    ["tcp://10.0.0.2:2375/", { host: "tcp://10.0.0.2:2375/", base: "http://10.0.0.2:2375" }],
    ["http://host:1", { host: "http://host:1", base: "http://host:1" }],
    ["https://host:1", { host: "https://host:1", base: "https://host:1" }],
  ])("%s", (host, want) => {
    // A context of the environment has no say beside it.
    expect(dockerEndpoint({ DOCKER_HOST: host, DOCKER_CONTEXT: "other" })).toEqual(want);
  });

  test.each(["ssh://user@host", "npipe:////./pipe/docker_engine", "fd://", "localhost"])(
    "%s is refused",
    (host) => {
      expect(() => dockerEndpoint({ DOCKER_HOST: host })).toThrow(
        new HomelabError("unsupported", `Docker endpoint \`${host}\` is not supported`),
      );
    },
  );

  test("with TLS takes the certificates of DOCKER_CERT_PATH", () => {
    using certs = temporary({ "ca.pem": "CA", "cert.pem": "CERT", "key.pem": "KEY" });
    const env = { DOCKER_HOST: "tcp://host:2376", DOCKER_CERT_PATH: certs.path };
    const tls = { ca: "CA", cert: "CERT", key: "KEY" };
    const base = "https://host:2376";
    expect([
      dockerEndpoint({ ...env, DOCKER_TLS_VERIFY: "1" }),
      dockerEndpoint({ ...env, DOCKER_TLS: "1" }),
      dockerEndpoint(env),
    ]).toEqual([
      { host: env.DOCKER_HOST, base, tls: { ...tls, rejectUnauthorized: true } },
      { host: env.DOCKER_HOST, base, tls: { ...tls, rejectUnauthorized: false } },
      { host: env.DOCKER_HOST, base: "http://host:2376" },
    ]);
  });

  test("with TLS takes the certificates of the settings otherwise", () => {
    using config = temporary({ "ca.pem": "CA" });
    const env = { DOCKER_HOST: "tcp://host:2376", DOCKER_CONFIG: config.path, DOCKER_TLS_VERIFY: "1" };
    expect(dockerEndpoint(env).tls).toEqual({ ca: "CA", rejectUnauthorized: true });
  });
});

/** Settings of the docker command with contexts, as it writes them. */
function settings(
  contexts: Readonly<Record<string, object>>,
  current?: string,
): { path: string } & Disposable {
  const config = temporary(
    current === undefined ? {} : { "config.json": JSON.stringify({ currentContext: current }) },
  );
  for (const [name, docker] of Object.entries(contexts)) {
    const meta = { Name: name, Metadata: {}, Endpoints: { docker } };
    write(join(config.path, "contexts/meta", id(name), "meta.json"), JSON.stringify(meta));
  }
  return config;
}

const id = (name: string) => new Bun.CryptoHasher("sha256").update(name).digest("hex");

describe("a context", () => {
  test.each([
    ["that is the current one", {}, "nas", unix("/run/nas.sock")],
    [
      "that the environment names",
      { DOCKER_CONTEXT: "far" },
      "nas",
      { host: "tcp://far:2375", base: "http://far:2375" },
    ],
    ["that the environment leaves empty", { DOCKER_CONTEXT: "" }, "nas", unix("/run/nas.sock")],
    ["without a host", {}, "bare", unix("/var/run/docker.sock")],
  ])("%s", (_, env, current, want) => {
    const contexts = { nas: { Host: "unix:///run/nas.sock" }, far: { Host: "tcp://far:2375" }, bare: {} };
    using config = settings(contexts, current);
    expect(dockerEndpoint({ DOCKER_CONFIG: config.path, ...env })).toEqual(want);
  });

  test.each([
    [false, true],
    [true, false],
  ])("with certificates, SkipTLSVerify %p", (skip, rejectUnauthorized) => {
    using config = settings({ far: { Host: "tcp://far:2376", SkipTLSVerify: skip } }, "far");
    write(join(config.path, "contexts/tls", id("far"), "docker/ca.pem"), "CA");
    expect(dockerEndpoint({ DOCKER_CONFIG: config.path })).toEqual({
      host: "tcp://far:2376",
      base: "https://far:2376",
      tls: { ca: "CA", rejectUnauthorized },
    });
  });

  test("over ssh is refused", () => {
    using config = settings({ far: { Host: "ssh://user@far" } }, "far");
    expect(() => dockerEndpoint({ DOCKER_CONFIG: config.path })).toThrow(
      "Docker endpoint `ssh://user@far` is not supported",
    );
  });

  test("that does not exist is refused", () => {
    using config = settings({});
    expect(() => dockerEndpoint({ DOCKER_CONFIG: config.path, DOCKER_CONTEXT: "gone" })).toThrow(
      new HomelabError("docker-unavailable", "Docker context `gone` cannot be read"),
    );
  });
});

describe("without a choice of its own", () => {
  const usual = expect.objectContaining({ base: "http://docker", unix: expect.stringContaining("/") });
  test.each([
    ["no settings", {}],
    ["malformed settings", { "config.json": "{" }],
    ["the context `default`", { "config.json": '{"currentContext": "default"}' }],
  ] as [string, Record<string, string>][])("%s mean a usual socket", (_, files) => {
    using config = temporary(files);
    expect(dockerEndpoint({ DOCKER_CONFIG: config.path })).toEqual(usual);
  });
});

test.each([
  [{ DOCKER_CONFIG: "/etc/docker-cli", HOME: "/home/me" }, "/etc/docker-cli"],
  [{ HOME: "/home/me" }, "/home/me/.docker"],
])("dockerConfigDir(%j) is %s", (env, want) => expect(dockerConfigDir(env)).toBe(want));
