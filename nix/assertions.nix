# What has to be true of services.homelab beside its types, and what to do where it is not.
{
  config,
  lib,
  data,
}: let
  cfg = config.services.homelab;
  isPlace = path: lib.hasPrefix "/" (toString path) && !lib.hasPrefix builtins.storeDir (toString path);
  wrong = check: values: lib.concatMapStringsSep ", " (value: "`${toString value}`") (builtins.filter check values);

  # A primary group of this name would be more than a service's own.
  taken =
    ["adm" "audio" "cdrom" "dialout" "disk" "docker" "floppy" "homelab" "input" "keys" "kmem" "kvm" "lp" "mail" "messagebus"]
    ++ ["nixbld" "nobody" "nogroup" "podman" "render" "root" "shadow" "sgx" "sshd" "tape" "tty" "users" "utmp" "uucp" "video" "wheel"];
  # Digits alone would be the number of a user.
  isName = name: builtins.match "[0-9-]*[a-z][a-z0-9-]*" name != null && !lib.hasPrefix "-" name && !lib.hasPrefix "systemd-" name && builtins.stringLength name < 32;

  rule = assertion: message: {inherit assertion message;};
in
  [
    (rule (isPlace cfg.root)
      "services.homelab.root is `${toString cfg.root}`. It has to be the absolute path of the clone on the server, such as \"/opt/homelab\" (in quotes: without them it is a copy in the store, which nothing can be pulled into).")
    (rule (isPlace cfg.dataDirectory)
      "services.homelab.dataDirectory is `${toString cfg.dataDirectory}`. It has to be an absolute path outside of the store, in quotes.")
    (rule (cfg.notifyFile == null || isPlace cfg.notifyFile)
      "services.homelab.notifyFile is `${toString cfg.notifyFile}`. It has to be an absolute path in quotes, outside of the store: what is in the store can be read by everybody.")
    (rule (cfg.environment ? DOCKER_HOST || config.virtualisation.docker.enable || config.virtualisation.podman.dockerSocket.enable or false)
      "services.homelab needs Docker: set virtualisation.docker.enable = true, or services.homelab.environment.DOCKER_HOST.")
    (rule (config.users.users ? ${cfg.user})
      "services.homelab.user is `${cfg.user}`, and there is no users.users.${cfg.user}. Declare it, or take \"root\" or \"homelab\".")
    (rule (builtins.all isName (lib.attrNames cfg.deployments))
      "services.homelab.deployments: ${wrong (name: !isName name) (lib.attrNames cfg.deployments)} cannot be part of a unit's name. Take small letters, digits and hyphens.")
    (rule (builtins.all isName data.users)
      "services.homelab.services: ${wrong (name: !isName name) data.users} cannot be the name of a service and its user. Take small letters, digits and hyphens, 31 at most.")
    (rule (!builtins.any (name: builtins.elem name taken) data.users)
      "services.homelab.services: ${wrong (name: builtins.elem name taken) data.users} is a user or group of the system already. Give the directory another name.")
  ]
  ++ lib.mapAttrsToList (name: {system, ...}:
    rule (!system || cfg.user == "root")
    "services.homelab.deployments.${name}.system switches the system, which only root can. Set services.homelab.user = \"root\", or leave it out.")
  cfg.deployments
