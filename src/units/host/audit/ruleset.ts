/** A chain of a ruleset of nftables. */
export interface Chain {
  readonly family: string;
  /** It sees what comes in for the machine itself. */
  readonly isInput: boolean;
  /** What becomes of what passes all its rules; undefined where it says none, and lets that in. */
  readonly policy: string | undefined;
  readonly rules: readonly (readonly string[])[];
}

/** Words, braces and ends of statements, without comments; quoted texts have lost their quotes. */
export function tokensOf(text: string): string[] {
  // `22:accept` is a key and a verdict.
  const apart = text.replace(/\\\n/g, " ").replace(/:(accept|drop|continue|return|jump|goto)\b/g, ": $1");
  const parts = apart.match(/"[^"]*"|#[^\n]*|[{},;\n]|[^\s{},;"#]+/g) ?? [];
  return parts.filter((part) => !part.startsWith("#")).map((part) => part.replace(/^"(.*)"$/s, "$1"));
}

/** All chains by the name of their table, a tab, and their own. */
export function chainsOf(tokens: readonly string[]): Map<string, Chain> {
  const chains = new Map<string, Chain>();
  let table = "";
  for (let at = 0; at < tokens.length; at++) {
    const word = tokens[at];
    if (word === "table") table = tableAt(tokens, at) ?? table;
    if (word !== "chain" || tokens[at + 2] !== "{") continue;
    const end = closing(tokens, at + 2);
    const name = `${table}\t${tokens[at + 1]}`;
    chains.set(name, chainOf(table, statements(tokens.slice(at + 3, end)), chains.get(name)));
    at = end;
  }
  return chains;
}

/** The table that begins at a word, as `inet nixos-fw`; undefined where that only speaks of one. */
function tableAt(tokens: readonly string[], at: number): string | undefined {
  const brace = tokens.indexOf("{", at);
  return brace < 0 ? undefined : tokens.slice(at + 1, Math.min(at + 3, brace)).join(" ");
}

/** A chain may be written in parts. */
function chainOf(table: string, lines: readonly string[][], older: Chain | undefined): Chain {
  const family = table.includes(" ") ? table.slice(0, table.indexOf(" ")) : "ip";
  const hooked = lines.some((line) => line.join(" ").startsWith("type filter hook input"));
  const policy = lines.findLast(([first]) => first === "policy")?.[1];
  return {
    family,
    isInput: older?.isInput === true || (hooked && ["inet", "ip", "ip6"].includes(family)),
    policy: policy ?? older?.policy,
    rules: [...(older?.rules ?? []), ...lines.flatMap(withoutMap)],
  };
}

/** Where the brace that is open at `begin` is closed. */
export function closing(tokens: readonly string[], begin: number): number {
  let depth = 0;
  for (let at = begin; at < tokens.length; at++) {
    if (tokens[at] === "{") depth++;
    if (tokens[at] === "}" && --depth === 0) return at;
  }
  return tokens.length;
}

/** What stands between ends of lines; in braces, these mean nothing. */
function statements(tokens: readonly string[]): string[][] {
  const all: string[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token === "{") depth++;
    if (token === "}") depth--;
    if (depth === 0 && (token === "\n" || token === ";")) all.push([]);
    else if (token !== "\n") all.at(-1)?.push(token);
  }
  return all.filter((statement) => statement.length > 0);
}

/** The words of a rule that stand in no braces. */
export function withoutSets(rule: readonly string[]): string[] {
  const left: string[] = [];
  for (let at = 0; at < rule.length; at++) {
    if (rule[at] === "{") at = closing(rule, at);
    // A comment is a text, whatever it says.
    else if (rule[at] === "comment" || rule[at] === "prefix") at++;
    else left.push(rule[at] ?? "");
  }
  return left;
}

/** `tcp dport vmap { 22 : accept, 80 : drop }` as rules with one verdict each. */
function withoutMap(rule: readonly string[]): (readonly string[])[] {
  const at = rule.indexOf("vmap");
  if (at < 0 || rule[at + 1] !== "{") return [rule];
  const end = closing(rule, at + 1);
  const [before, after] = [rule.slice(0, at), rule.slice(end + 1)];
  return [...verdictsOf(rule.slice(at + 2, end))].flatMap(([verdict, keys]) => {
    const ends = [...after, ...verdict.split(" ")];
    if (!before.includes(".")) return [[...before, "{", ...keys, "}", ...ends]];
    return keys.map((key) => [...withParts(before, key.split(" . ")), ...ends]);
  });
}

/** What becomes of which keys. */
function verdictsOf(map: readonly string[]): Map<string, string[]> {
  const keys = new Map<string, string[]>();
  for (const entry of map.join(" ").split(/ ,(?: |$)/)) {
    const [, key, verdict] = /^((?:\S+ \. )*\S+?)(?: .*)? ?: (\S+(?: \S+)?)$/.exec(entry) ?? [];
    if (key === undefined || verdict === undefined) continue;
    const those = keys.get(verdict);
    if (those) those.push(key);
    else keys.set(verdict, [key]);
  }
  return keys;
}

/** `iifname . tcp dport` with `eth0` and `22`: `iifname eth0 tcp dport 22`. */
function withParts(words: readonly string[], parts: readonly string[]): string[] {
  let next = 0;
  const all = words.map((word) => (word === "." ? (parts[next++] ?? "") : word));
  return [...all, parts[next] ?? ""];
}
