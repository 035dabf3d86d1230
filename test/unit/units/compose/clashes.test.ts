import { expect, test } from "bun:test";
import {
  missingExternals,
  missingSources,
  nameClashes,
  networkClashes,
  portClashes,
  type Resolved,
  type ResolvedProject,
} from "../../../../src/units/compose/clashes.ts";
import { service } from "../../books.ts";

const resolved = (
  name: string,
  services: NonNullable<ResolvedProject["services"]>,
  more: Partial<Resolved["recipe"]> = {},
): Resolved => ({
  recipe: { ...service(name), ...more },
  project: { services },
});
const ports = (name: string, ...published: [port: string, ip?: string, protocol?: string][]) =>
  resolved(name, {
    app: {
      ports: published.map(([port, ip, protocol = "tcp"]) => ({
        published: port,
        protocol,
        ...(ip ? { host_ip: ip } : {}),
      })),
    },
  });
const texts = (clashes: readonly { text: string }[]) => clashes.map(({ text }) => text);

test.each<[string, Resolved[], string[]]>([
  ["the same port", [ports("a", ["80"]), ports("b", ["80"])], ["`a` and `b` both publish port 80/tcp"]],
  ["another protocol", [ports("a", ["53"]), ports("b", ["53", "", "udp"])], []],
  ["all of IPv4 and all of IPv6", [ports("a", ["53", "0.0.0.0"], ["53", "::"])], []],
  ["addresses of their own", [ports("a", ["80", "10.0.0.1"]), ports("b", ["80", "10.0.0.2"])], []],
  [
    "an address and all",
    [ports("a", ["80", "10.0.0.1"]), ports("b", ["80", "0.0.0.0"])],
    ["`a` and `b` both publish port 80/tcp"],
  ],
  ["a range", [ports("a", ["8000-8002"]), ports("b", ["8002"])], ["`a` and `b` both publish port 8002/tcp"]],
  ["any free port", [ports("a", [""]), ports("b", [""])], []],
])("portClashes() of %s", (_, all, want) => expect(texts(portClashes(all))).toEqual(want));

test("nameClashes() finds container names that are there twice", () => {
  const named = (name: string, container: string) => resolved(name, { app: { container_name: container } });
  expect(texts(nameClashes([named("a", "x"), named("b", "x"), named("c", "y")]))).toEqual([
    "`a` and `b` both have the container name `x`",
  ]);
});

test("networkClashes() finds lenders that nobody makes, or that are not needed", () => {
  const vpn = resolved("vpn", { app: { container_name: "vpn" } });
  const behind = (name: string, needs: string[]) =>
    resolved(
      name,
      { app: { network_mode: "container:vpn" } },
      { needs: needs.map((need) => ({ name: need, when: "healthy" as const })) },
    );
  expect(texts(networkClashes([vpn, behind("a", ["vpn"]), behind("b", [])]))).toEqual([
    "`b` shares the network of `vpn`, and its recipe does not say so",
  ]);
  expect(texts(networkClashes([behind("a", ["vpn"])]))).toEqual([
    "`a` shares the network of `vpn`, and no service here makes a container of that name",
  ]);
});

test("missingSources() finds directories that would be made for root", () => {
  const volumes = [
    { type: "bind", source: "/there" },
    { type: "bind", source: "/nowhere" },
    { type: "volume", source: "data" },
  ];
  const found = missingSources([resolved("a", { app: { volumes } })], (path) => path === "/there");
  expect(texts(found)).toEqual(["`a` mounts /nowhere, which is not there"]);
});

test("missingExternals() finds what is said to be there and is not", () => {
  const project = {
    networks: { proxy: { name: "proxy", external: true }, default: null },
    volumes: { data: { name: "media", external: true }, own: {} },
  };
  const known = { networks: new Set(["proxy"]), volumes: new Set<string>() };
  expect(missingExternals([{ recipe: service("a"), project }], known)).toMatchObject([
    {
      text: "the external volume `media` of `a` does not exist",
      hint: "create it with `docker volume create media`",
    },
  ]);
});
