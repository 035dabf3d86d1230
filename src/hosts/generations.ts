import { HomelabError } from "../errors.ts";
import type { Machine } from "../process/machine.ts";
import { generationOf } from "./facts.ts";
import { askAll } from "./look.ts";

/** One generation of a host's system profile. */
export interface Generation {
  readonly number: number;
  /** When it was made, in milliseconds; undefined when the host does not say. */
  readonly made: number | undefined;
  /** Store path of its system; undefined when its link leads nowhere, or nobody can say where. */
  readonly path: string | undefined;
  /** Its link leads nowhere. */
  readonly gone: boolean;
  readonly version: string | undefined;
  readonly kernel: string | undefined;
  /** Commit of the configuration, where that is set (`system.configurationRevision`). */
  readonly revision: string | undefined;
  readonly specialisations: readonly string[];
  /** The profile names it: the next boot starts it. */
  readonly isDefault: boolean;
  /** Its system is the one in force, or a specialisation of it. */
  readonly running: boolean;
  /** Its system is the one that was booted, or a specialisation of it. */
  readonly booted: boolean;
}

export interface Generations {
  /** Newest first. */
  readonly list: readonly Generation[];
  /** Store paths. */
  readonly current: string | undefined;
  readonly booted: string | undefined;
}

/**
 * What `nixos-rebuild list-generations` reads, from the links and the systems' own files: it is there on no host of old,
 * and marks neither what runs nor what was booted. Needs no lock of the profile and no root. Profiles of that name are
 * elsewhere, too (nix-darwin), where these programs are others.
 */
const QUESTION = String.raw`
exec 2>/dev/null
export LC_ALL=C PATH="$PATH:/run/current-system/sw/bin:/usr/sbin:/usr/bin:/sbin:/bin"
line() { printf '%s\t%s\n' "$@"; }
if ! test -e /etc/NIXOS && ! test -e /run/current-system/nixos-version; then line end; exit; fi
line default "$(readlink /nix/var/nix/profiles/system)"
line current "$(readlink -e /run/current-system)"
line booted "$(readlink -e /run/booted-system)"
for link in /nix/var/nix/profiles/system-*-link; do
  test -L "$link" || continue
  line generation "$link"
  line made "$(stat -c %Y "$link")"
  if ! test -e "$link"; then line gone yes; continue; fi
  path=$(readlink -e "$link") || continue
  line path "$path"
  line version "$(cat "$path/nixos-version")"
  line kernel "$(ls "$path/kernel-modules/lib/modules" | head -n 1)"
  line revision "$(timeout 5 "$path/sw/bin/nixos-version" --configuration-revision)"
  for each in "$path"/specialisation/*; do
    if test -e "$each"; then line specialisation "${"$"}{each##*/}"; line system "$(readlink -e "$each")"; fi
  done
done
line end
`;

/** The generations of a machine's system. Throws `unsupported` where there are none, and what `Machine.run` does. */
export async function readGenerations(machine: Machine): Promise<Generations> {
  const generations = await askAll(machine, ["sh", "-c", QUESTION], parseGenerations);
  if (generations.list.length > 0) return generations;
  throw new HomelabError("unsupported", `${machine.name} has no generations of a system: it is not NixOS`, {
    hint: "NixOS has an /etc/NIXOS, and links in /nix/var/nix/profiles that are called `system-N-link`",
  });
}

interface Entry {
  readonly values: Map<string, string>;
  readonly specialisations: string[];
  /** Store paths of its system and of all specialisations. */
  readonly systems: string[];
}

/** Reads lines of a key, a tab and a value; undefined when they were cut off. */
export function parseGenerations(text: string): Generations | undefined {
  const about = new Map<string, string>();
  const entries: Entry[] = [];
  for (const line of text.split("\n")) {
    const [key = "", value = ""] = line.split("\t");
    const entry = entries.at(-1);
    if (key === "generation")
      entries.push({ values: new Map([[key, value]]), specialisations: [], systems: [] });
    else if (!entry || key === "end") about.set(key, value);
    else if (key === "specialisation") entry.specialisations.push(value);
    else if (key === "system") entry.systems.push(value);
    else entry.values.set(key, value);
  }
  if (!about.has("end")) return undefined;
  const known = (key: string) => about.get(key) || undefined;
  const [current, booted, byDefault] = [
    known("current"),
    known("booted"),
    generationOf(about.get("default") ?? ""),
  ];
  const list = entries.flatMap((entry) => generation(entry, { current, booted, byDefault }));
  return { list: list.sort((a, b) => b.number - a.number), current, booted };
}

function generation(
  { values, specialisations, systems }: Entry,
  { current, booted, byDefault }: Pick<Generations, "current" | "booted"> & { byDefault: number | undefined },
): Generation[] {
  const number = generationOf(values.get("generation") ?? "");
  if (number === undefined) return [];
  const known = (key: string) => values.get(key) || undefined;
  const [path, made = ""] = [known("path"), known("made")];
  const is = (system: string | undefined) => system !== undefined && [path, ...systems].includes(system);
  return [
    {
      ...{ number, path, specialisations },
      gone: values.has("gone"),
      made: /^\d+$/.test(made) ? Number(made) * 1000 : undefined,
      version: known("version"),
      kernel: known("kernel"),
      revision: known("revision"),
      isDefault: number === byDefault,
      running: is(current),
      booted: is(booted),
    },
  ];
}
