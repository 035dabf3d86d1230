import { expect, test } from "bun:test";
import { localFlake, repositoryOf, runnerOf, systemOf } from "../../../src/nix/reference.ts";

test.each([
  ["git+file:///etc/nixos", { path: "/etc/nixos", dir: "", kind: "git" }],
  ["git+file:/etc/nixos", { path: "/etc/nixos", dir: "", kind: "git" }],
  ["git+file:///etc/nixos/", { path: "/etc/nixos", dir: "", kind: "git" }],
  ["git+file:///srv/homelab?dir=nixos", { path: "/srv/homelab", dir: "nixos", kind: "git" }],
  [
    "git+file:///srv/my%20lab?dir=nixos/vms&submodules=1",
    { path: "/srv/my lab", dir: "nixos/vms", kind: "git" },
  ],
  ["git+file:///srv/100%", { path: "/srv/100%", dir: "", kind: "git" }],
  ["path:/srv/homelab", { path: "/srv/homelab", dir: "", kind: "path" }],
  ["path:///srv/homelab?dir=a", { path: "/srv/homelab", dir: "a", kind: "path" }],
  ["/etc/nixos", { path: "/etc/nixos", dir: "", kind: "either" }],
  ["/etc/nixos#web", { path: "/etc/nixos", dir: "", kind: "either" }],
  ["/etc/nixos?dir=sub#web", { path: "/etc/nixos", dir: "sub", kind: "either" }],
  ["/srv/a%20b", { path: "/srv/a%20b", dir: "", kind: "either" }],
  ["/", { path: "/", dir: "", kind: "either" }],
] as const)("%s is here", (flake, local) => {
  expect(localFlake(flake)).toEqual(local);
  expect(repositoryOf(flake)).toBe(local.kind === "path" ? undefined : local.path);
});

test.each([
  "github:owner/repository",
  "github:owner/repository?dir=nixos",
  "git+ssh://git@example.org/repository",
  "git+https://example.org/repository",
  "https://example.org/a.tar.gz",
  "tarball+file:///srv/a.tar.gz",
  "flake:nixpkgs",
  "nixpkgs",
  ".",
  "./nixos",
  "",
  "git+file:///etc/nixos?ref=main",
  "git+file:///etc/nixos?dir=a&rev=0123456789012345678901234567890123456789",
])("%s is elsewhere, or pinned", (flake) => {
  expect(repositoryOf(flake)).toBeUndefined();
});

test.each([
  ["web", "nixosConfigurations.web.config.microvm.declaredRunner"],
  ["web-1", "nixosConfigurations.web-1.config.microvm.declaredRunner"],
  ["1web", 'nixosConfigurations."1web".config.microvm.declaredRunner'],
  ["web.lan", 'nixosConfigurations."web.lan".config.microvm.declaredRunner'],
])("the runner of %s", (name, attribute) => {
  expect(runnerOf(name)).toBe(attribute);
});

test("the system", () => {
  expect(systemOf("web")).toBe("nixosConfigurations.web.config.system.build.toplevel");
});
