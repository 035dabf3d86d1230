# A system with the module is evaluated, and its units say what they have to.
{
  pkgs,
  module,
  nixosSystem,
}: let
  inherit (pkgs) lib;
  system = settings:
    (nixosSystem {
      inherit (pkgs.stdenv.hostPlatform) system;
      modules = [module {virtualisation.docker.enable = true;} {services.homelab = {enable = true;} // settings;}];
    }).config;

  plain = system {
    deployments.nightly = {};
    deployments.media = {
      targets = ["media"];
      schedule = "Sun 05:00";
      system = true;
      notify = false;
    };
    deployments.manual = {
      schedule = null;
      quiet = true;
    };
    services = ../recipes/catalogue;
  };
  other = system {
    onBoot = false;
    user = "homelab";
    root = "/srv/my homelab";
    environment.HOMELAB_MIN_FREE = "2GB";
    deployments.twice.schedule = ["05:00" "17:00"];
  };
  loose = system {
    hardening = false;
    deployments.nightly = {};
  };
  textOf = config: unit: config.systemd.units."homelab-${unit}".text;
  service = name: textOf plain "${name}.service";
  timer = name: textOf plain "${name}.timer";

  saysLine = text: line: builtins.elem line (lib.splitString "\n" text);
  says = text: line: lib.assertMsg (saysLine text line) "the module's unit does not say `${line}`:\n${text}";
  silent = text: line: lib.assertMsg (!saysLine text line) "the module's unit says `${line}`:\n${text}";
  program = lib.getExe plain.services.homelab.package;
in
  assert says (service "boot") "ExecStart=${program} -C /opt/homelab ensure all --lock-wait 1m --docker-wait 5m";
  assert says (service "deploy-nightly") "ExecStart=${program} -C /opt/homelab update-services --lock-wait 30m";
  assert says (service "deploy-nightly") "ProtectSystem=strict";
  assert says (service "deploy-media") "ExecStart=${program} -C /opt/homelab deploy media --lock-wait 30m";
  assert says (service "deploy-media") "Environment=\"HOMELAB_NOTIFY=never\"";
  assert silent (service "deploy-media") "ProtectSystem=strict";
  assert says (timer "deploy-media") "OnCalendar=Sun 05:00";
  assert says (service "deploy-manual") "ExecStart=${program} -C /opt/homelab update-services --lock-wait 30m --quiet";
  assert !(plain.systemd.units ? "homelab-deploy-manual.timer");
  assert says (timer "boot") "OnActiveSec=1s";
  assert !(other.systemd.units ? "homelab-boot.service");
  assert silent (textOf loose "deploy-nightly.service") "ProtectSystem=strict";
  # What has to be true, is: also where nothing else asks.
  assert builtins.all ({assertion, ...}: assertion) (builtins.filter ({message, ...}: lib.hasPrefix "services.homelab" message) plain.assertions);
  assert says (textOf other "deploy-twice.timer") "OnCalendar=17:00";
  assert says (textOf other "deploy-twice.service") "Environment=\"HOMELAB_MIN_FREE=2GB\"";
  assert says (textOf other "deploy-twice.service") "User=homelab";
  assert says (textOf other "deploy-twice.service") "CapabilityBoundingSet=";
  assert says (textOf other "deploy-twice.service") "ReadWritePaths=\"-/srv/my homelab\"";
  assert says (textOf other "deploy-twice.service") "ExecStart=${program} -C \"/srv/my homelab\" update-services --lock-wait 30m";
  assert other.users.users.homelab.group == "homelab";
  assert plain.users.users.sonarr.isSystemUser && plain.users.users.sonarr.group == "sonarr";
  assert builtins.elem "d \"/var/lib/services/sonarr\" :0750 :sonarr :sonarr -" plain.systemd.tmpfiles.rules;
    pkgs.writeText "homelab-units" (lib.concatMapStrings service ["boot" "deploy-nightly" "deploy-media"])
