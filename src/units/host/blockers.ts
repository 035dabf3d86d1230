import { HomelabError } from "../../errors.ts";
import type { Machine } from "../../process/machine.ts";
import { readFiles } from "./files.ts";

/** Something that only a reboot can change: NixOS refuses to switch to a system in which it is another one. */
export interface Blocker {
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

/** `system.switch.inhibitors`: an object of names and what each is. */
const INHIBITORS = "switch-inhibitors";
/** How the first process is spoken to. */
const INIT = "init-interface-version";

/** What keeps one system from being switched to while another one runs; both are in the store of a host. */
export async function findBlockers(
  machine: Machine,
  [before, after]: readonly [string, string],
  options: { readonly signal?: AbortSignal | undefined },
): Promise<Blocker[]> {
  const names = [INHIBITORS, INIT];
  const paths = [before, after].flatMap((system) => names.map((name) => `${system}/${name}`));
  const files = await readFiles(machine, paths, options);
  const texts = (system: string) => names.map((name) => files.get(`${system}/${name}`) ?? "");
  return blockersOf(texts(before), texts(after));
}

/** The same of the texts of the two files of each. What only one of two systems names keeps nobody from anything. */
export function blockersOf(before: readonly string[], after: readonly string[]): Blocker[] {
  const [older, newer] = [inhibitorsOf(before[0]), inhibitorsOf(after[0])];
  const changed = Object.keys(newer)
    .filter((name) => Object.hasOwn(older, name) && older[name] !== newer[name])
    .toSorted()
    .map((name) => ({ name, before: older[name] ?? "", after: newer[name] ?? "" }));
  const [from = "", to = ""] = [before[1]?.trim(), after[1]?.trim()];
  return from === to ? changed : [...changed, { name: "init", before: from, after: to }];
}

function inhibitorsOf(text = ""): Record<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Systems of before 2026 have none, or a list of another kind that nothing reads.
    return {};
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, String(each)]));
}

/** `dbus: 1.14.10 → dbus-broker-36`, paths of the store by their names. */
export const blockerText = ({ name, before, after }: Blocker): string =>
  `${name}: ${short(before)} → ${short(after)}`;

const short = (text: string): string => text.replaceAll(/\/nix\/store\/[0-9a-z]{32}-/g, "") || "none";

/** `cannot be switched to while it runs: dbus: …`; undefined when nothing keeps anybody from it. */
export const blockedText = (blockers: readonly Blocker[]): string | undefined =>
  blockers.length > 0
    ? `cannot be switched to while it runs: ${blockers.map(blockerText).join(", ")}`
    : undefined;

/** Throws `refused` when a host cannot be switched while it runs. `again`: the command that does it otherwise. */
export function refuseBlocked(name: string, blockers: readonly Blocker[], again: string): void {
  const text = blockedText(blockers);
  if (text === undefined) return;
  throw new HomelabError("refused", `the new system of ${name} ${text}`, {
    hint: `\`homelab ${again} --boot\` makes it what boots next, and \`sudo systemctl reboot\` there brings it up`,
  });
}
