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
  };
  service = name: plain.systemd.units."homelab-${name}.service".text;
  timer = name: plain.systemd.units."homelab-${name}.timer".text;

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
    pkgs.writeText "homelab-units" (lib.concatMapStrings service ["boot" "deploy-nightly" "deploy-media"])
