# What bun.lock says, for Nix: the packages that the program is compiled from, and the runtimes of Bun. Each is fetched
# by the hash that stands there, so that there is no second list of hashes to keep.
{
  lib,
  fetchurl,
}: let
  # JSON but for the commas behind a last entry.
  json = text: builtins.fromJSON (lib.concatStrings (map (each:
    if builtins.isList each
    then builtins.head each
    else each) (builtins.split ",([[:space:]]*[]}])" text)));

  lock = json (builtins.readFile ../bun.lock);

  # A place in node_modules is a list of names: ["cliui" "string-width"] lies in the node_modules of `cliui`.
  keyOf = builtins.concatStringsSep "/";

  # As Node finds it: beside the package that wants it, else further up.
  find = place: name: let
    here = place ++ [name];
  in
    if lock.packages ? ${keyOf here}
    then here
    else if place == []
    then throw "bun.lock has no package ${name}: run `bun install`"
    else find (lib.init place) name;

  itemsOf = place: names:
    map (name: rec {
      path = find place name;
      key = keyOf path;
    })
    names;

  wants = key: builtins.attrNames ((builtins.elemAt lock.packages.${key} 2).dependencies or {});

  # The tarball of a package, as the registry has it.
  tarball = key: let
    entry = lock.packages.${key};
    spec = builtins.match "(.+)@([^@]+)" (builtins.head entry);
    name = builtins.head spec;
    version = builtins.elemAt spec 1;
  in
    assert lib.assertMsg (spec != null && builtins.length entry == 4) "bun.lock: ${key} is from no registry";
      fetchurl {
        url = "mirror://npm/${name}/-/${baseNameOf name}-${version}.tgz";
        hash = lib.last entry;
      };
in {
  inherit tarball;

  # All that the program is compiled from: { path, source }.
  dependencies = map ({
    key,
    path,
  }: {
    inherit path;
    source = tarball key;
  }) (builtins.genericClosure {
    startSet = itemsOf [] (builtins.attrNames lock.workspaces."".dependencies);
    operator = {
      key,
      path,
    }:
      itemsOf path (wants key);
  });
}
