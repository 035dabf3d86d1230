import { expect, test } from "bun:test";
import { hostFlake } from "../../../src/hosts/flake.ts";

test.each<[there: string[], flake: string | undefined]>([
  [["/srv/lab/flake.nix", "/srv/lab/nixos/flake.nix", "/etc/nixos/flake.nix"], "/srv/lab"],
  [["/srv/lab/nixos/flake.nix", "/etc/nixos/flake.nix"], "/srv/lab/nixos"],
  [["/etc/nixos/flake.nix"], "/etc/nixos"],
  [[], undefined],
])("with %p the hosts are those of %s", (there, flake) => {
  expect(hostFlake("/srv/lab", (path) => there.includes(path))).toBe(flake);
});
