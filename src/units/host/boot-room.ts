import { binarySize } from "../../nix/words.ts";
import type { Machine } from "../../process/machine.ts";

const DEADLINE_MS = 30_000;
/** Some lines for each generation. */
const KEEP_BYTES = 4 * 1024 * 1024;
/** Entries of the boot loader, and what else it writes. */
const SPARE = 256 * 1024;

/** Where the boot loader of a host keeps kernels, and whether those of one more system have room there. */
export interface BootRoom {
  readonly directory: string;
  /** Bytes that are free. */
  readonly free: number;
  /** Bytes of what it has no copy of yet. */
  readonly needed: number;
  /** Bytes of files that the loader removes before it writes new ones. */
  readonly freed: number;
}

/**
 * Prints what a system boots with, where loaders keep their copies, these with their sizes, and what other generations
 * boot with. Which generations have an entry only systemd-boot tells.
 */
const LOOK = String.raw`
export LC_ALL=C
line() { printf '%s\t%s\t%s\n' "$1" "${"$"}{2-}" "${"$"}{3-}"; }
boots() {
  for each in "$2" "$2"/specialisation/*; do
    for part in kernel initrd; do
      path=$(readlink -e "$each/$part") && line "$1" "$path" "$(stat -c %s "$path")"
    done
  done
}
line begin
boots new "$1"
for top in /boot /efi /boot/efi; do
  for name in EFI/nixos kernels nixos; do
    dir=$top/$name
    if test -d "$dir"; then
      line directory "$dir" "$(df -Pk "$dir" | awk 'NR == 2 { print $4 }')"
      for file in "$dir"/*; do test -f "$file" && line file "${"$"}{file##*/}" "$(stat -c %s "$file")"; done
      for entry in "$top"/loader/entries/nixos-generation-*.conf; do test -f "$entry" && line entry "${"$"}{entry##*/}"; done
      break 2
    fi
  done
done
for link in /nix/var/nix/profiles/system-*-link; do line generation "${"$"}{link##*/}"; boots old "$link"; done
for link in /nix/var/nix/profiles/system-profiles/*-link; do line other; boots old "$link"; done
line end
`;

/** Whether there is room to boot a system; undefined where its loader copies nothing, and reads the store itself. */
export async function bootRoom(
  machine: Machine,
  system: string,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<BootRoom | undefined> {
  const all = { ...options, root: true, deadline: DEADLINE_MS, keep: KEEP_BYTES };
  return readBootRoom((await machine.run(["sh", "-c", LOOK, "sh", system], all)).stdout);
}

/** Reads what the question printed; undefined, too, for an answer whose begin or end is lost. */
export function readBootRoom(text: string): BootRoom | undefined {
  const lines = text.split("\n").map((line) => line.split("\t"));
  const of = (kind: string) => lines.filter(([first]) => first === kind);
  const [, directory, kib] = of("directory")[0] ?? [];
  if (directory === undefined || of("begin").length === 0 || of("end").length === 0) return undefined;
  const suffix = directory.endsWith("/EFI/nixos") ? ".efi" : "";
  const copies = new Map(of("file").map(([, name = "", size]) => [name, Number(size)]));
  const wanted = new Map(of("new").map(([, path = "", size]) => [copyOf(path) + suffix, Number(size)]));
  const needed = sum([...wanted].filter(([name]) => !copies.has(name)).map(([, size]) => size));
  const kept = keptCopies(lines).map((path) => copyOf(path) + suffix);
  // Others write first, and clean up after that.
  const goes = suffix === "" ? [] : [...copies].filter(([name]) => !wanted.has(name) && !kept.includes(name));
  return { directory, free: Number(kib) * 1024, needed, freed: sum(goes.map(([, size]) => size)) };
}

const sum = (sizes: readonly number[]): number => sizes.reduce((all, each) => all + each, 0);

/** Name of the copy of a file of the store: `<hash>-linux-6.12.1-bzImage`. */
const copyOf = (path: string): string => path.replace("/nix/store/", "").replaceAll("/", "-");

/** What generations boot with that still have an entry when one more is made. */
function keptCopies(lines: readonly (readonly string[])[]): string[] {
  const numberOf = (text = "") => Number(/(?:system|generation)-(\d+)/.exec(text)?.[1] ?? Number.NaN);
  const entries = new Set(lines.flatMap(([kind, name]) => (kind === "entry" ? numberOf(name) : [])));
  const generations = lines.flatMap(([kind, name]) => (kind === "generation" ? numberOf(name) : []));
  // Where it has fewer entries than there are generations, it is told to: the oldest one makes room.
  const limited = entries.size > 0 && generations.some((each) => !entries.has(each));
  const first = limited ? Math.min(...generations.filter((each) => entries.has(each))) : 0;
  const paths: string[] = [];
  let keeps = true;
  for (const [kind, value = ""] of lines) {
    if (kind === "other") keeps = true;
    if (kind === "generation")
      keeps = !limited || (entries.has(numberOf(value)) && numberOf(value) !== first);
    if (kind === "old" && keeps) paths.push(value);
  }
  return paths;
}

/** What speaks against making one more system bootable, as a clause; undefined when it has room. */
export function noBootRoom(name: string, { directory, free, needed, freed }: BootRoom): string | undefined {
  if (needed === 0 || needed + SPARE <= free + freed) return undefined;
  const left = binarySize(free + freed);
  return `${directory} of ${name} has ${left} left, and the kernel and initrd of the new system need ${binarySize(needed)}`;
}

/** What to do about it. */
export const bootRoomHint = (name: string): string =>
  `remove old generations: \`homelab gc ${name}\`, or \`sudo nix-collect-garbage --delete-older-than 14d\` and \`sudo /run/current-system/bin/switch-to-configuration boot\` there; \`boot.loader.*.configurationLimit\` keeps them few`;
