/** A unit with its drop-ins, as systemd reads them (systemd.syntax(7)). */
export class UnitFile {
  private readonly values = new Map<string, string[]>();

  /** `texts`: the unit's own file first, its drop-ins after it in the order of their names. */
  constructor(texts: readonly string[]) {
    for (const text of texts) this.read(text);
  }

  /** What a setting of its `[Service]` is in the end; undefined when it is nowhere set. An empty text resets it. */
  last(key: string): string | undefined {
    return this.values.get(key)?.at(-1);
  }

  /** All values of a setting that may be given several times; an empty one takes back those before it. */
  all(key: string): readonly string[] {
    const values = this.values.get(key) ?? [];
    return values.slice(values.lastIndexOf("") + 1);
  }

  private read(text: string): void {
    let section = "";
    for (const line of joined(text)) {
      const [, name] = /^\[(.+)\]$/.exec(line) ?? [];
      if (name !== undefined) section = name;
      const [, key, value = ""] = /^([^=\s]+)\s*=\s*(.*)$/.exec(line) ?? [];
      if (section !== "Service" || key === undefined) continue;
      this.values.set(key, [...(this.values.get(key) ?? []), value]);
    }
  }
}

/** Its lines without comments, each with those that a backslash at its end goes on with. */
function joined(text: string): string[] {
  const lines: string[] = [];
  let begun: string | undefined;
  for (const line of text.split("\n")) {
    // A comment in the middle of a continued line is passed over as well.
    if (/^\s*[#;]/.test(line)) continue;
    const whole = `${begun ?? ""}${line.trimStart()}`;
    // Two backslashes at the end are one that means itself.
    begun = /(?<!\\)(?:\\\\)*\\$/.test(line) ? `${whole.slice(0, -1)} ` : undefined;
    if (begun === undefined) lines.push(whole.trim());
  }
  return begun === undefined ? lines : [...lines, begun.trim()];
}

/** Units by their names, of files by their paths below `etc/systemd/system`. */
export function unitsOf(files: ReadonlyMap<string, string>): Map<string, UnitFile> {
  const texts = new Map<string, string[]>();
  const own = [...files].filter(([path]) => !path.includes("/"));
  for (const [unit, text] of own) texts.set(unit, [text]);
  for (const [path, text] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const [, unit = ""] = /^(.+)\.d\/[^/]+\.conf$/.exec(path) ?? [];
    // Without a file of its own, systemd has no such unit.
    texts.get(unit)?.push(text);
  }
  return new Map([...texts].map(([unit, parts]) => [unit, new UnitFile(parts)]));
}
