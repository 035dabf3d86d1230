import { existsSync } from "node:fs";
import { type KnownLine, knownName, parseKnown } from "../../../ssh/keys.ts";
import { type HostTarget, SHORT_MS } from "./target.ts";

/** How known_hosts calls the host. */
export const nameOf = ({ effective: { alias, host, port } }: HostTarget): string =>
  alias ?? knownName(host, port);

/** What the files of known hosts, one's own and the system's, have of it. */
export async function knownLines(target: HostTarget): Promise<KnownLine[]> {
  const { here, effective } = target;
  const files = [...effective.known, ...effective.knownGlobally].filter((file) => existsSync(file));
  const words = ["ssh-keygen", "-F", nameOf(target), "-f"];
  const found = await Promise.all(files.map((file) => here.run([...words, file], { deadline: SHORT_MS })));
  return found.flatMap(({ stdout }) => parseKnown(stdout));
}

/** Whether ssh would connect to it: what it connects to then, it compares itself. */
export const isKnown = (lines: readonly KnownLine[]): boolean =>
  lines.some(({ marker }) => marker !== "revoked");
