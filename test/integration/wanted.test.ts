import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import type { ResolvedProject } from "../../src/units/compose/clashes.ts";
import { parseCompose } from "../../src/units/compose/file.ts";
import { wantedPorts } from "../../src/units/compose/preflight-rules.ts";
import { wantedOf } from "../../src/units/compose/wanted.ts";
import { homelab } from "../helpers/homelab.ts";

const VARIABLES = {
  PORT: "8123",
  NAME: "given",
  MEDIA: "/srv/media",
  EMPTY: "",
  YES: "true",
  HOME: "/home/me",
};

/** What the rules look at, in a form in which the two can be compared. */
function essence(project: ResolvedProject) {
  const services = Object.entries(project.services ?? {});
  const places = (all: ResolvedProject["networks"] = {}) =>
    Object.entries(all)
      .map(([key, value]) => `${key}=${value?.name ?? key}${value?.external ? " external" : ""}`)
      .sort();
  return {
    names: services
      .flatMap(([service, { container_name: name }]) => (name ? [`${service}=${name}`] : []))
      .sort(),
    ports: wantedPorts(project)
      .map(({ ip, port, protocol }) => `${ip}|${port}/${protocol}`)
      .sort(),
    binds: services
      .flatMap(([, { volumes = [] }]) =>
        volumes.flatMap(({ type, source }) => (type === "bind" ? [source] : [])),
      )
      .sort(),
    networks: places(project.networks),
    volumes: places(project.volumes),
  };
}

const service = (yaml: string, more = "") =>
  `services:\n  app:\n    image: x\n${yaml.replaceAll(/^/gm, "    ")}\n${more}`;

test.each<[string, string]>([
  ["nothing", service("")],
  ["a name", service("container_name: $NAME-${NAME}")],
  [
    "ports in the short form",
    service('ports: ["80:1", "127.0.0.1:81:2", "82:3/udp", "4", "127.0.0.1::5", "[::1]:83:6"]'),
  ],
  [
    "port ranges",
    service('ports: ["8000-8002:80", "9000-9002:90-92", "127.0.0.1:9100-9101:1-2/udp", "5-6"]'),
  ],
  ["ports with variables", service('ports: ["${PORT}:80", "${PORT2:-90}:80", "$PORT:81/udp"]')],
  [
    "ports in the long form",
    service(
      "ports:\n  - { target: 80, published: 8080, host_ip: 127.0.0.1 }\n  - { target: 53, published: '${PORT}', protocol: udp }\n  - { target: 7 }\n  - { target: 8, published: '10-12' }",
    ),
  ],
  ["numbers as ports", service("ports: [80, 8443]")],
  ["ports on the host's network", service("network_mode: host")],
  [
    "mounts in the short form",
    service(
      'volumes: ["./a:/a", "../b:/b:ro", "/c:/c", "~/d:/d", "${MEDIA}/tv:/e", "data:/f", "/anonymous", ".:/g"]',
      "volumes: { data: {} }",
    ),
  ],
  [
    "mounts in the long form",
    service(
      "volumes:\n  - { type: bind, source: ./a, target: /a }\n  - { type: bind, source: '${MEDIA}', target: /b, bind: { create_host_path: true } }\n  - { type: volume, source: data, target: /c }\n  - { type: tmpfs, target: /d }",
      "volumes: { data: { external: true } }",
    ),
  ],
  [
    "external networks and volumes",
    service(
      'networks: [one, two]\nvolumes: ["data:/a", "other:/b"]',
      "networks: { one: { external: true }, two: { external: true, name: $NAME }, unused: { external: true } }\nvolumes: { data: { external: true, name: vault }, other: { name: fixed }, unused: { external: true } }",
    ),
  ],
  ["the default network outside", service("", "networks: { default: { external: true, name: proxy } }")],
  [
    "networks as a mapping",
    service("networks: { one: { aliases: [a] }, default: }", "networks: { one: {} }"),
  ],
  ["an external by a variable", service("networks: [one]", 'networks: { one: { external: "${YES}" } }')],
  ["no network", service("network_mode: none")],
  [
    "anchors",
    `x-base: &base\n  image: x\n  ports: ["80:80"]\nservices:\n  app:\n    <<: *base\n    container_name: merged\n  other:\n    <<: *base\n    ports: ["81:80"]\n`,
  ],
  [
    "a profile",
    `services:\n  app: { image: x, ports: ["80:80"] }\n  debug: { image: x, profiles: [debug], ports: ["81:80"], networks: [far], container_name: debugger }\nnetworks: { far: { external: true } }\n`,
  ],
])("what a project wants is read as compose reads it: %s", async (_, text) => {
  await using lab = await homelab({ "web/compose.yml": "" });
  // As it is: a `~` is the home directory here.
  writeFileSync(lab.path("web/compose.yml"), text);
  const own = lab.with({ env: VARIABLES });
  const asked = JSON.parse(
    await own.compose("web", "-p", "web", "config", "--format", "json"),
  ) as ResolvedProject;
  const dir = lab.path("web");
  const wanted = wantedOf({
    documents: [await parseCompose(`${dir}/compose.yml`, text, () => "compose.yml")],
    lookup: (name) => (VARIABLES as Record<string, string>)[name],
    dir,
    project: "web",
    services: { has: (name) => name !== "debug" },
  });
  expect(essence(wanted ?? {})).toEqual(essence(asked));
});

test.each<[string, string]>([
  ["what is included", "include: [other.yml]\nservices: {}\n"],
  ["what extends", "services: { app: { extends: { service: b } }, b: { image: x } }\n"],
])("is left to compose: %s", async (_, text) => {
  const documents = [await parseCompose("/web/compose.yml", text, () => "compose.yml")];
  const question = {
    documents,
    lookup: () => undefined,
    dir: "/web",
    project: "web",
    services: { has: () => true },
  };
  expect(wantedOf(question)).toBeUndefined();
  const two = [
    { path: "/web/compose.yml", data: {} },
    { path: "/web/compose.override.yml", data: {} },
  ];
  expect(wantedOf({ ...question, documents: two })).toBeUndefined();
});
