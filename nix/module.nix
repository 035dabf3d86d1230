# services.homelab: brings services up at boot, deploys by timer, and makes the users and directories of services.
self: {
  config,
  lib,
  pkgs,
  ...
}: let
  cfg = config.services.homelab;
  root = toString cfg.root;
  data = import ./services.nix {inherit lib;} cfg.services;
  dataDirectory = toString cfg.dataDirectory;
  makesUser = cfg.user == "homelab";

  # A word as systemd.syntax(7) reads it back.
  word = text: let
    plain = builtins.replaceStrings ["%" "$"] ["%%" "$$"] text;
  in
    if builtins.match "[A-Za-z0-9_@%+=:,./$-]+" plain != null
    then plain
    else builtins.toJSON plain;
  # A path in a line of tmpfiles.d(5).
  quoted = path: ''"${builtins.replaceStrings ["%"] ["%%"] path}"'';
  command = words: lib.concatMapStringsSep " " word ([(lib.getExe cfg.package) "-C" root] ++ words);

  hardening = import ./hardening.nix {
    inherit lib;
    asRoot = cfg.user == "root";
    # The hyphen: what is not there is nothing to write to.
    writable = map (path: word "-${path}") (
      [root dataDirectory "${config.users.users.${cfg.user}.home}/.docker" "/var/lib/microvms" "/tmp" "/var/tmp"]
      ++ cfg.writablePaths
    );
  };

  unit = {
    description,
    words,
    after ? [],
    system ? false,
    notify ? true,
  }: {
    inherit description;
    # On a new server the repository comes after the system.
    unitConfig.ConditionPathIsDirectory = root;
    wants = ["network-online.target"];
    after = ["docker.service" "podman.socket" "network-online.target"] ++ after;
    # A switch that a deployment makes must not end that deployment.
    restartIfChanged = false;
    path =
      [
        (
          if config.virtualisation.docker.enable
          then config.virtualisation.docker.package
          else pkgs.docker-client
        )
        config.nix.package
        pkgs.git
        pkgs.openssh
      ]
      ++ lib.optionals system [config.system.build.nixos-rebuild pkgs.gnutar pkgs.gzip pkgs.xz]
      ++ cfg.extraPackages;
    environment =
      config.networking.proxy.envVars
      // {
        # The daemon builds: for this unit, the store is read-only.
        NIX_REMOTE = "daemon";
        XDG_CACHE_HOME = "/var/cache/homelab";
      }
      // lib.optionalAttrs system {NIX_PATH = lib.concatStringsSep ":" config.nix.nixPath;}
      // lib.optionalAttrs (!notify) {HOMELAB_NOTIFY = "never";}
      // cfg.environment;
    serviceConfig =
      {
        Type = "oneshot";
        ExecStart = command words;
        User = cfg.user;
        SupplementaryGroups = cfg.groups;
        StateDirectory = "homelab";
        StateDirectoryMode = "0750";
        CacheDirectory = "homelab";
        # Containers read what is pulled.
        UMask = "0022";
        # Another run held it up for too long: nothing to be alarmed about.
        SuccessExitStatus = 75;
        # The program alone is told to stop, so that the change in hand comes to its end.
        KillMode = "mixed";
        TimeoutStopSec = "5min";
      }
      // lib.optionalAttrs (cfg.group != null) {Group = cfg.group;}
      // lib.optionalAttrs (cfg.notifyFile != null) {
        LoadCredential = ["homelab-notify:${toString cfg.notifyFile}"];
        # Where there is no such file yet, there is nobody to be told; services start all the same.
        SetCredential = ["homelab-notify:#"];
      }
      // lib.optionalAttrs (cfg.hardening && !system) hardening;
  };

  deploy = {
    targets,
    system,
    quiet,
    ...
  }:
    (
      if targets == []
      then [(if system then "deploy-all" else "update-services")]
      else ["deploy"] ++ targets ++ lib.optional (!system) "--no-system"
    )
    ++ ["--lock-wait" cfg.lockWait]
    ++ lib.optional quiet "--quiet";
  describe = {targets, ...}:
    if targets == []
    then "all"
    else lib.concatStringsSep " " targets;
in {
  options = import ./options.nix {inherit config lib pkgs self;};

  config = lib.mkIf cfg.enable {
    assertions = import ./assertions.nix {inherit config lib data;};

    environment.systemPackages = [cfg.package];

    systemd.services =
      lib.optionalAttrs cfg.onBoot {
        homelab-boot =
          lib.recursiveUpdate (unit {
            description = "homelab: ensure all after boot";
            # Not longer: a switch of the system waits for this unit, and may itself be part of the run that has the lock.
            words = ["ensure" "all" "--lock-wait" "1m" "--docker-wait" "5m"];
          }) {
            wants = ["docker.service" "network-online.target"];
            # Once in a boot, whoever starts it.
            serviceConfig.RemainAfterExit = true;
          };
      }
      // lib.mapAttrs' (name: deployment:
        lib.nameValuePair "homelab-deploy-${name}" (unit {
          description = "homelab: deploy ${describe deployment}";
          words = deploy deployment;
          # What was missed while the machine was off is made up for when everything is up.
          after = lib.optional cfg.onBoot "homelab-boot.service";
          inherit (deployment) system notify;
        }))
      cfg.deployments;

    # Started by a timer, no switch of the system waits for it, or fails because a service does.
    systemd.timers =
      lib.optionalAttrs cfg.onBoot {
        homelab-boot = {
          description = "homelab: ensure all, once after boot";
          wantedBy = ["multi-user.target"];
          timerConfig.OnActiveSec = "1s";
        };
      }
      // lib.mapAttrs' (name: deployment:
      lib.nameValuePair "homelab-deploy-${name}" {
        description = "homelab: deploy ${describe deployment}, regularly";
        wantedBy = ["timers.target"];
        timerConfig = {
          OnCalendar = deployment.schedule;
          RandomizedDelaySec = deployment.randomizedDelay;
          Persistent = true;
        };
      })
    (lib.filterAttrs (_: {schedule, ...}: schedule != null) cfg.deployments);

    users.users =
      lib.genAttrs data.users (name: {
        isSystemUser = true;
        group = lib.mkDefault name;
        home = lib.mkDefault "${dataDirectory}/${name}";
        description = lib.mkDefault "${name} of the homelab";
      })
      // lib.optionalAttrs makesUser {
        homelab = {
          group = lib.mkDefault (
            if cfg.group == null
            then "homelab"
            else cfg.group
          );
          isSystemUser = true;
          home = lib.mkDefault "/var/lib/homelab";
          extraGroups = cfg.groups;
        };
      };
    users.groups =
      lib.genAttrs data.users (_: {})
      // lib.optionalAttrs (makesUser && cfg.group == null) {homelab = {};};

    # What is in them is the service's own business. The colons: what is there already keeps its owner and mode, as
    # containers may write to it as somebody else.
    systemd.tmpfiles.rules = lib.optionals (data.users != []) (
      ["d ${quoted dataDirectory} :0755 :root :root -"]
      ++ map ({
        user,
        directory,
      }: "d ${quoted "${dataDirectory}/${directory}"} :0750 :${user} :${config.users.users.${user}.group} -")
      data.directories
    );
  };
}
