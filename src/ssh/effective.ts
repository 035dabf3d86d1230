/** How ssh itself reaches a host when all of a person's settings are taken together (`ssh -G`). */
export interface Effective {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** What known_hosts calls it, whatever its address (`HostKeyAlias`). */
  readonly alias: string | undefined;
  /** Files with known hosts; the first is the one that ssh writes to. */
  readonly known: readonly string[];
  readonly knownGlobally: readonly string[];
  /** Whether names in them are hashed. */
  readonly hashed: boolean;
  /** Whether another host, or a program, is in between. */
  readonly through: boolean;
}

/** Reads what `ssh -G` prints: an option a line, its name in small letters. */
export function parseEffective(text: string): Effective {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, key = "", value = ""] = /^(\S+) (.*)$/.exec(line) ?? [];
    if (!values.has(key)) values.set(key, value);
  }
  const said = (key: string) => values.get(key) ?? "";
  const files = (key: string) =>
    said(key)
      .split(" ")
      .filter((file) => file !== "" && file !== "none");
  return {
    host: said("hostname"),
    port: Number(said("port")) || 22,
    user: said("user"),
    alias: said("hostkeyalias") || undefined,
    known: files("userknownhostsfile"),
    knownGlobally: files("globalknownhostsfile"),
    hashed: said("hashknownhosts") === "yes",
    through: /^(?!none$)./.test(said("proxyjump")) || /^(?!none$)./.test(said("proxycommand")),
  };
}
