{
  description = "Runs a home server: compose services, units, MicroVMs and NixOS hosts as one dependency graph";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";

  outputs = {
    self,
    nixpkgs,
  }: let
    inherit (nixpkgs) lib;
    revision = self.shortRev or self.dirtyShortRev or "unknown";
    # Not every nixpkgs still has Macs with Intel processors.
    systems = lib.intersectLists ["x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin"] (lib.attrNames nixpkgs.legacyPackages);
    eachSystem = make: lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
    systemOf = pkgs: pkgs.stdenv.hostPlatform.system;
  in {
    packages = eachSystem (pkgs: rec {
      homelab = pkgs.callPackage ./nix/package.nix {inherit revision;};
      default = homelab;
    });

    apps = eachSystem (pkgs: rec {
      homelab = {
        type = "app";
        program = lib.getExe self.packages.${systemOf pkgs}.homelab;
        meta = {inherit (self.packages.${systemOf pkgs}.homelab.meta) description;};
      };
      default = homelab;
    });

    overlays.default = final: _: {
      homelab = final.callPackage ./nix/package.nix {inherit revision;};
    };

    nixosModules = rec {
      # With a key, it is one module however often it is imported.
      homelab = {
        _file = ./nix/module.nix;
        key = "homelab";
        imports = [(import ./nix/module.nix self)];
      };
      default = homelab;
    };

    devShells = eachSystem (pkgs: {
      default = pkgs.mkShellNoCC {
        packages =
          [self.packages.${systemOf pkgs}.homelab.bun]
          ++ (with pkgs; [alejandra biome deadnix just nodejs statix]);
      };
    });

    checks = eachSystem (pkgs:
      {inherit (self.packages.${systemOf pkgs}) homelab;}
      // lib.optionalAttrs pkgs.stdenv.hostPlatform.isLinux {
        module = import ./nix/check.nix {
          inherit pkgs;
          inherit (lib) nixosSystem;
          module = self.nixosModules.default;
        };
      });

    formatter = eachSystem (pkgs: pkgs.alejandra);
  };
}
