{
  lib,
  stdenv,
  stdenvNoCC,
  fetchurl,
  callPackage,
  patchelf,
  # What `homelab --version` says beside the version.
  revision ? "unknown",
}: let
  manifest = lib.importJSON ../package.json;
  bun = callPackage ./bun.nix {};
  inherit (import ./lock.nix {inherit lib fetchurl;}) dependencies;
  inherit (stdenv.hostPlatform) isLinux;
in
  stdenvNoCC.mkDerivation {
    pname = "homelab";
    inherit (manifest) version;
    inherit revision;

    src = lib.fileset.toSource {
      root = ../.;
      fileset = lib.fileset.unions [
        ../bunfig.toml
        ../package.json
        ../recipes
        ../scripts/compile
        ../scripts/lib.sh
        ../src
        ../tsconfig.json
      ];
    };

    nativeBuildInputs = [bun] ++ lib.optional isLinux patchelf;
    strictDeps = true;

    # Copied, not linked: of a link, the program would keep the path in the store.
    configurePhase = ''
      runHook preConfigure
      ${lib.concatMapStrings ({
        path,
        source,
      }: let
        place = "node_modules/${builtins.concatStringsSep "/node_modules/" path}";
      in ''
        mkdir -p ${place}
        tar -xzf ${source} -C ${place} --strip-components=1
      '')
      dependencies}
      runHook postConfigure
    '';

    buildPhase = ''
      runHook preBuild
      export HOME=$TMPDIR BUN=${lib.getExe bun}
      bash scripts/compile build/homelab "$revision"
      runHook postBuild
    '';

    # Completions and the manual page come from the program, so that they say what it does.
    installPhase = ''
      runHook preInstall
      install -D -m 755 build/homelab $out/bin/homelab
      for shell in bash zsh fish; do build/homelab completions $shell >build/completions.$shell; done
      build/homelab man >build/homelab.1
      install -D -m 644 build/completions.bash $out/share/bash-completion/completions/homelab
      install -D -m 644 build/completions.zsh $out/share/zsh/site-functions/_homelab
      install -D -m 644 build/completions.fish $out/share/fish/vendor_completions.d/homelab.fish
      install -D -m 644 build/homelab.1 $out/share/man/man1/homelab.1
      runHook postInstall
    '';

    # The program lies behind the runtime in the same file. Stripped, the file is plain Bun, and `homelab update` would be
    # `bun update`; with another interpreter it runs here and not on NixOS.
    dontStrip = true;
    dontPatchELF = true;
    doInstallCheck = true;
    installCheckPhase =
      ''
        runHook preInstallCheck
        said=$(cd $TMPDIR && $out/bin/homelab --version) || { echo "homelab does not start: it was patched" >&2; exit 1; }
        test "$said" = "homelab $version ($revision)" || {
          echo "homelab --version says '$said', not 'homelab $version ($revision)': it was stripped or patched" >&2
          exit 1
        }
        mkdir -p $TMPDIR/check/services
        $out/bin/homelab --root $TMPDIR/check graph --format json >/dev/null
      ''
      + lib.optionalString isLinux ''
        interpreter=$(patchelf --print-interpreter $out/bin/homelab)
        test "$interpreter" = ${stdenv.cc.bintools.dynamicLinker} || {
          echo "the interpreter of homelab is $interpreter: it was patched" >&2
          exit 1
        }
        test -z "$(patchelf --print-rpath $out/bin/homelab)" || { echo "homelab has a run path: it was patched" >&2; exit 1; }
      ''
      + ''
        runHook postInstallCheck
      '';

    passthru = {inherit bun;};

    meta = {
      inherit (manifest) description;
      license = lib.licenses.mit;
      mainProgram = "homelab";
      platforms = ["x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin"];
    };
  }
