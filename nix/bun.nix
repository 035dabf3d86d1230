# The Bun that bun.lock names, from its npm package. The runtime ends up inside of the program, so that it must not be
# whatever the nixpkgs of a user's flake has.
{
  lib,
  stdenv,
  stdenvNoCC,
  fetchurl,
  patchelf,
}: let
  inherit (stdenv.hostPlatform) system isLinux;
  runtimes = {
    x86_64-linux = "@oven/bun-linux-x64";
    aarch64-linux = "@oven/bun-linux-aarch64";
    x86_64-darwin = "@oven/bun-darwin-x64";
    aarch64-darwin = "@oven/bun-darwin-aarch64";
  };
  lock = import ./lock.nix {inherit lib fetchurl;};
in
  stdenvNoCC.mkDerivation {
    pname = "bun";
    version = (lib.importJSON ../package.json).devDependencies.bun;
    src = lock.tarball (runtimes.${system} or (throw "homelab: there is no Bun for ${system}"));

    nativeBuildInputs = lib.optional isLinux patchelf;

    # The interpreter alone: with a run path as well, it ends with a segmentation fault. What it compiles inherits it.
    installPhase =
      ''
        runHook preInstall
        install -D -m 755 bin/bun $out/bin/bun
      ''
      + lib.optionalString isLinux ''
        patchelf --set-interpreter ${stdenv.cc.bintools.dynamicLinker} $out/bin/bun
      ''
      + ''
        runHook postInstall
      '';
    dontStrip = true;
    dontPatchELF = true;

    doInstallCheck = true;
    installCheckPhase = ''
      runHook preInstallCheck
      test "$($out/bin/bun --version)" = "$version"
      runHook postInstallCheck
    '';

    meta.mainProgram = "bun";
  }
