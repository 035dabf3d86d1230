import { HomelabError } from "../../errors.ts";
import { asError, type NixOptions, nix } from "../../nix/call.ts";
import { explain } from "../../nix/failure.ts";
import type { Finding } from "../../nix/finding.ts";
import { binarySize } from "../../nix/words.ts";
import type { Machine } from "../../process/machine.ts";

/** A store that is filled to the brim cannot even be cleaned up. */
const SPARE = 64 * 1024 * 1024;
/** A file system that compresses, or a store that links what is the same, needs as little as a third. */
const SHRINKS = 3;

/**
 * Bytes of what a system consists of that a host does not have yet. Undefined where the host does not say what it has:
 * then copying shows it.
 */
export async function missingBytes(
  here: Machine,
  to: Machine,
  system: string,
  options: NixOptions,
): Promise<number | undefined> {
  const asked = ["path-info", "--recursive", "--size", system];
  const ended = await nix(here, asked, options);
  if (ended.exitCode !== 0)
    throw asError(explain(ended, { flake: system, attribute: "", machine: here.name }));
  const sizes = parseSizes(ended.stdout);
  const { exitCode, stdout } = await to.run(
    ["xargs", "nix-store", "--check-validity", "--print-invalid"],
    // Too many for one command line.
    { ...options, root: true, stdin: [...sizes.keys()].join("\n"), keep: 4 * 1024 * 1024 },
  );
  if (exitCode !== 0) return undefined;
  return stdout.split("\n").reduce((sum, path) => sum + (sizes.get(path) ?? 0), 0);
}

/** Lines of a path and the size of its contents. */
export function parseSizes(text: string): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [, path, size] = /^(\/nix\/store\/\S+)\s+(\d+)$/.exec(line.trim()) ?? [];
    if (path !== undefined) sizes.set(path, Number(size));
  }
  return sizes;
}

/**
 * What speaks against copying so many bytes. `free`: KiB on the file system of the store; undefined where it is not
 * known. Throws `refused` when they cannot fit.
 */
export function roomFindings(name: string, free: number | undefined, bytes: number): Finding[] {
  if (free === undefined || bytes === 0 || bytes + SPARE <= free * 1024) return [];
  const hint = `collect garbage there: \`homelab gc ${name}\`, or \`sudo nix-collect-garbage --delete-older-than 30d\``;
  const left = `the store of ${name} has ${binarySize(free * 1024)} left`;
  if (bytes > SHRINKS * free * 1024)
    throw new HomelabError("refused", `${left}, and the system needs ${binarySize(bytes)}`, { hint });
  const text = `${left}, and the system may need ${binarySize(bytes)}`;
  return [{ level: "warning", rule: "store-small", text, hint }];
}
