import { expect, test } from "bun:test";
import { type Route, sshConfig } from "../../../src/ssh/config.ts";

const settings = {
  directory: "/run/user/1000/homelab",
  id: "0badcafe",
  include: ["/home/me/.ssh/config", "/etc/ssh/ssh_config"],
};

test("everything that is named of a host, and what holds for all", () => {
  const route: Route = {
    to: { user: "admin", address: "10.1.0.2", port: 2222 },
    identity: "/home/me/100%/my key",
    jump: { file: "/run/it's/a.conf", address: "p620.lan" },
  };
  expect(
    sshConfig(route, settings),
  ).toBe(`# Written by homelab for its own connections. It is written anew when it is needed.
Host 10.1.0.2
  User admin
  Port 2222
  IdentityFile "/home/me/100%%/my key"
  IdentitiesOnly yes
  ProxyCommand ssh -F '/run/it'\\''s/a.conf' -W '[%h]:%p' -- p620.lan
  ControlPath "/run/user/1000/homelab/0badcafe-%C"
  ControlMaster auto
  ControlPersist 60
  RequestTTY no
  RemoteCommand none
Match all
  BatchMode yes
  PasswordAuthentication no
  KbdInteractiveAuthentication no
  StrictHostKeyChecking yes
  ConnectTimeout 10
  ServerAliveInterval 5
  ServerAliveCountMax 3
  ForwardAgent no
  ForwardX11 no
  ClearAllForwardings yes
  Include "/home/me/.ssh/config"
  Include "/etc/ssh/ssh_config"
`);
});
