import type { Hypervisor } from "./hypervisor.ts";

/** What is in a system that is like those of NixOS. */
export interface SystemParts {
  readonly version: string;
  readonly kernel: string;
  readonly initrd?: string;
  /** Commit of its configuration; without it, it does not say. */
  readonly revision?: string;
  readonly specialisations?: readonly string[];
}

/** The links and files of a system of NixOS, and nothing that runs: each its own derivation, as there. */
const EXPRESSION = String.raw`{ version, kernel, initrd, revision, specialisations }:
let
  make = name: script: builtins.derivation {
    inherit name;
    system = "x86_64-linux";
    builder = "/bin/sh";
    args = [ "-ec" script ];
    PATH = "/bin:/usr/bin";
  };
  image = make "linux-${"$"}{kernel}" "mkdir $out; echo ${"$"}{kernel} >$out/bzImage";
  modules = make "linux-${"$"}{kernel}-modules" "mkdir -p $out/lib/modules/${"$"}{kernel}";
  ram = make "initrd-linux-${"$"}{kernel}" "mkdir $out; echo ${"$"}{initrd} >$out/initrd";
  says = if revision == "" then "echo unavailable >&2; exit 1" else "echo ${"$"}{revision}";
  links = ''
    mkdir -p $out/bin $out/sw/bin $out/specialisation
    printf %s ${"$"}{version} >$out/nixos-version
    ln -s ${"$"}{image}/bzImage $out/kernel
    ln -s ${"$"}{ram}/initrd $out/initrd
    ln -s ${"$"}{modules} $out/kernel-modules
    printf '#!/bin/sh\n[ "$1" = --configuration-revision ] || exit 2\n%s\n' '${"$"}{says}' >$out/sw/bin/nixos-version
    chmod +x $out/sw/bin/nixos-version
  '';
  special = each: make "nixos-system-lab-${"$"}{version}-${"$"}{each}" links;
  words = builtins.filter builtins.isString (builtins.split " " specialisations);
  extra = map (each: "ln -s ${"$"}{special each} $out/specialisation/${"$"}{each}\n") (builtins.filter (each: each != "") words);
in
make "nixos-system-lab-${"$"}{version}" (links + builtins.concatStringsSep "" extra)
`;

/** Builds a system on a host, with the real Nix. Gives its store path. */
export async function buildSystem(host: Hypervisor, parts: SystemParts): Promise<string> {
  const { version, kernel, initrd = "1", revision = "", specialisations = [] } = parts;
  await host.write("/root/system.nix", EXPRESSION);
  const all = { version, kernel, initrd, revision, specialisations: specialisations.join(" ") };
  const words = Object.entries(all).flatMap(([name, value]) => ["--argstr", name, value]);
  return (await host.run("nix-build", "--no-out-link", "/root/system.nix", ...words)).trim();
}

/** Makes a host look like NixOS from outside: its mark, and systems as generations, of which the last one runs. */
export async function makeNixos(host: Hypervisor, systems: readonly SystemParts[]): Promise<string[]> {
  await host.write("/etc/NIXOS", "");
  const paths: string[] = [];
  for (const parts of systems) {
    const path = await buildSystem(host, parts);
    await host.run("nix-env", "-p", "/nix/var/nix/profiles/system", "--set", path);
    paths.push(path);
  }
  await boot(host, paths.at(-1) ?? "");
  await activate(host, paths.at(-1) ?? "");
  return paths;
}

/** The link that the boot makes. */
export const boot = (host: Hypervisor, path: string) => host.run("ln", "-sfn", path, "/run/booted-system");

/** The link that an activation makes. */
export const activate = (host: Hypervisor, path: string) =>
  host.run("ln", "-sfn", path, "/run/current-system");
