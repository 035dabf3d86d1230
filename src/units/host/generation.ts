import { HomelabError } from "../../errors.ts";
import type { Machine } from "../../process/machine.ts";

const DEADLINE_MS = 30_000;
const PROFILES = "/nix/var/nix/profiles";

/** A generation of a host's profile. */
export interface Generation {
  readonly generation: number;
  readonly system: string;
}

/**
 * The generation to go back to: the one with the number, or else the highest below the present one. `names` are those
 * of the links in the directory of profiles. Undefined when there is none.
 */
export function chooseGeneration(
  names: readonly string[],
  current: string,
  to: number | undefined,
): number | undefined {
  const numbers = names.flatMap((name) => numberOf(name) ?? []).toSorted((a, b) => b - a);
  if (to !== undefined) return numbers.find((each) => each === to);
  const present = numberOf(current);
  return present === undefined ? undefined : numbers.find((each) => each < present);
}

function numberOf(link: string): number | undefined {
  const digits = /^system-(\d+)-link$/.exec(link)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Lines of a link's name and the system that it leads to: the highest generation that is `system`. */
export const generationIn = (lines: string, system: string): number | undefined =>
  lines
    .split("\n")
    .map((line) => line.split(" "))
    .flatMap(([link = "", path]) => (path === system ? (numberOf(link) ?? []) : []))
    .toSorted((a, b) => b - a)[0];

const LINKS = `cd ${PROFILES} && for each in system-*-link; do echo "$each $(readlink -f "$each")"; done`;

/** The newest generation of a host's profile that is a system; undefined where it is none. */
export async function generationOfSystem(machine: Machine, system: string): Promise<number | undefined> {
  const { stdout } = await machine.run(["sh", "-c", LINKS], { root: true, deadline: DEADLINE_MS });
  return generationIn(stdout, system);
}

/** Looks for the generation to go back to. Throws `not-configured` when there is none. */
export async function findGeneration(machine: Machine, to: number | undefined): Promise<Generation> {
  const ask = async (...argv: string[]) => {
    const { stdout } = await machine.run(argv, { root: true, deadline: DEADLINE_MS });
    return stdout.trim();
  };
  const names = (await ask("ls", "-1", PROFILES)).split("\n");
  const generation = chooseGeneration(names, await ask("readlink", `${PROFILES}/system`), to);
  if (generation === undefined) {
    const what = to === undefined ? "no generation before the present one" : `no generation ${to}`;
    throw new HomelabError("not-configured", `${machine.name} has ${what}`, {
      hint: `\`homelab host generations ${machine.name}\` shows those that there are`,
    });
  }
  return { generation, system: await ask("readlink", "-f", `${PROFILES}/system-${generation}-link`) };
}
