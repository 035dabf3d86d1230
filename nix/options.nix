# The options of services.homelab.
{
  config,
  lib,
  pkgs,
  self,
}: let
  inherit (lib) mkOption types;
  inherit (config) virtualisation;
  place = types.either types.path types.str;

  deployment.options = {
    targets = mkOption {
      type = types.listOf (types.strMatching "[a-z0-9][a-z0-9-]*");
      default = [];
      example = ["media"];
      description = "Services, families and groups to deploy. None: all services.";
    };
    schedule = mkOption {
      type = types.nullOr (types.either types.str (types.listOf types.str));
      default = "*-*-* 04:00:00";
      example = "Sun 05:00";
      description = "When, as {manpage}`systemd.time(7)` writes it. Null: only when it is started by hand.";
    };
    randomizedDelay = mkOption {
      type = types.str;
      default = "15min";
      description = "By how much the timer may be late, so that not everything begins at once.";
    };
    system = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether to switch the system, too, when its configuration in the repository changed. Only root can, and
        its unit is not kept from writing to the system.
      '';
    };
    quiet = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the journal hears of failures only, and not of changes.";
    };
    notify = mkOption {
      type = types.bool;
      default = true;
      description = "Whether others are told, as `notifyFile` says.";
    };
  };
in {
  services.homelab = {
    enable = lib.mkEnableOption "homelab, which runs Docker Compose services as one graph of recipes";

    package = mkOption {
      type = types.package;
      default = self.packages.${pkgs.stdenv.hostPlatform.system}.homelab;
      defaultText = lib.literalExpression "the package of homelab's flake";
      description = "The homelab to run.";
    };

    root = mkOption {
      type = place;
      default = "/opt/homelab";
      description = "The clone of the homelab repository on the server.";
    };

    user = mkOption {
      type = types.str;
      default = "root";
      example = "admin";
      description = ''
        Who runs homelab, and can write to {option}`root`. The user `homelab` is made where it is named; any other has
        to exist.
      '';
    };

    group = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "users";
      description = "The group that homelab runs as. Null: the user's own.";
    };

    groups = mkOption {
      type = types.listOf types.str;
      default =
        lib.optional virtualisation.docker.enable "docker"
        ++ lib.optional (virtualisation.podman.dockerSocket.enable or false) "podman";
      defaultText = lib.literalExpression ''["docker"]'';
      description = "What else it belongs to: the group that the socket of Docker, or Podman, lets in.";
    };

    onBoot = mkOption {
      type = types.bool;
      default = true;
      description = "Whether everything is brought to ready after boot, once Docker is up.";
    };

    deployments = mkOption {
      type = types.attrsOf (types.submodule deployment);
      default = {};
      example = lib.literalExpression ''{ nightly = {}; media = { targets = ["media"]; schedule = "Sun 05:00"; }; }'';
      description = "What is deployed regularly: each is a unit `homelab-deploy-NAME` with a timer.";
    };

    lockWait = mkOption {
      type = types.str;
      default = "30m";
      description = "How long a deployment waits for another run. One that has to give up did not fail.";
    };

    notifyFile = mkOption {
      type = types.nullOr place;
      default = null;
      example = "/run/secrets/homelab-notify";
      description = ''
        File with the secrets of notifications (`homelab help notifications`), readable by root alone. systemd hands it
        over as a credential.
      '';
    };

    environment = mkOption {
      type = types.attrsOf types.str;
      default = {};
      example = {HOMELAB_MIN_FREE = "2GB";};
      description = "Variables for homelab (`homelab help environment`). Everybody can read them.";
    };

    hardening = mkOption {
      type = types.bool;
      default = true;
      description = ''
        Keep the units from what only few recipes need. Switch it off where tasks of the recipes take snapshots, mount
        disks or become other users.
      '';
    };

    extraPackages = mkOption {
      type = types.listOf types.package;
      default = [];
      example = lib.literalExpression "[ pkgs.restic ]";
      description = "Programs that tasks of the recipes call.";
    };

    writablePaths = mkOption {
      type = types.listOf types.str;
      default = [];
      example = ["/mnt/backup"];
      description = "Where tasks of the recipes write. All else of the file system is read-only for them.";
    };

    services = mkOption {
      type = types.nullOr types.path;
      default = null;
      example = lib.literalExpression "./services";
      description = ''
        The directory `services` of the repository. Each service in it gets a user and a group of its name, and a
        directory below {option}`dataDirectory`; so does each instance. Null: none are made.
      '';
    };

    dataDirectory = mkOption {
      type = place;
      default = "/var/lib/services";
      description = "Where services keep what they keep.";
    };
  };
}
