import { expect, test } from "bun:test";
import { type Route, sshConfig } from "../../src/ssh/config.ts";
import { temporary } from "../unit/temporary.ts";

/** What the real ssh makes of it. */
function understood(route: Route, own: string): Record<string, string> {
  using dir = temporary({ "own config": own });
  const text = sshConfig(route, {
    directory: "/run/user/1000/homelab",
    id: "0badcafe",
    include: [`${dir.path}/own config`, "/nowhere/at/all"],
  });
  const child = Bun.spawnSync(["ssh", "-F", "/dev/stdin", "-G", "--", route.to.address], {
    stdin: Buffer.from(text),
  });
  expect(child.stderr.toString()).toBe("");
  return Object.fromEntries(
    child.stdout
      .toString()
      .split("\n")
      .map((line) => [line.split(" ")[0] ?? "", line.split(" ").slice(1).join(" ")]),
  );
}

test("a person's own alias holds where the recipe says nothing, and never where it does", () => {
  const own = `Host p620
  HostName 10.0.0.5
  User somebody
  Port 2200
  IdentityFile /home/me/key
  StrictHostKeyChecking no
  ForwardAgent yes
  LocalForward 8080 localhost:80
Host *
  BatchMode no
  ControlPath none
  UserKnownHostsFile /home/me/hosts
`;
  expect(understood({ to: { address: "p620" } }, own)).toMatchObject({
    hostname: "10.0.0.5",
    user: "somebody",
    port: "2200",
    identityfile: "/home/me/key",
    userknownhostsfile: "/home/me/hosts",
    stricthostkeychecking: "true",
    batchmode: "yes",
    forwardagent: "no",
  });
  expect(understood({ to: { address: "p620", user: "admin", port: 22 }, identity: "/k" }, own)).toMatchObject(
    {
      hostname: "10.0.0.5",
      user: "admin",
      port: "22",
      identitiesonly: "yes",
    },
  );
});

test("a percent sign, a quote and an IPv6 address mean nothing to ssh", () => {
  const route: Route = { to: { address: "fd00::2" }, identity: '/a%h/b"c\\d' };
  expect(understood(route, "")).toMatchObject({ hostname: "fd00::2", identitiesonly: "yes" });
});
