# The services of a homelab repository, as the program finds them: services/<service> and services/<service>/<instance>
# with a compose file. Of null, none.
{lib}: services: let
  files = ["compose.yaml" "compose.yml" "docker-compose.yaml" "docker-compose.yml"];
  isService = dir: builtins.any (file: builtins.pathExists (services + "/${dir}/${file}")) files;

  # Links are followed by what asks for a file behind them.
  below = dir:
    lib.attrNames (lib.filterAttrs (name: type: !lib.hasPrefix "." name && type != "regular")
      (builtins.readDir (services + "/${dir}")));

  directoriesOf = service: let
    instances =
      if builtins.pathExists (services + "/${service}/.")
      then map (instance: "${service}/${instance}") (below service)
      else [];
  in
    builtins.filter isService ([service] ++ instances);

  found = lib.optionals (services != null) (lib.concatMap (service:
    map (directory: {
        user = service;
        inherit directory;
      }) (directoriesOf service))
  (below ""));
in {
  # { user, directory }, such as "sonarr" and "sonarr/shows".
  directories = found;
  # Each once, however many instances it has: they share a user.
  users = lib.unique (map ({user, ...}: user) found);
}
