import type { Firewall, Opening } from "./opening.ts";

interface Chain {
  /** It sees what comes in for the machine itself. */
  readonly isInput: boolean;
  readonly rules: readonly (readonly string[])[];
}

/** What a ruleset of nftables lets in; undefined when it has no chain that what comes in goes through. */
export function nftablesFirewall(ruleset: string): Firewall {
  const chains = chainsOf(tokensOf(ruleset));
  const reached = new Set([...chains].flatMap(([name, { isInput }]) => (isInput ? [name] : [])));
  if (reached.size === 0) return undefined;
  // A set hands out what is added to it while it is gone through.
  for (const name of reached)
    for (const rule of chains.get(name)?.rules ?? [])
      for (const [at, word] of rule.entries())
        if (word === "jump" || word === "goto") reached.add(inTable(name, rule[at + 1] ?? ""));
  return [...reached].flatMap((name) => (chains.get(name)?.rules ?? []).flatMap(openingsOf));
}

/** Files that it takes in, by their paths. */
export const includesOf = (ruleset: string): string[] =>
  [...ruleset.matchAll(/^\s*include\s+"([^"*?]+)"/gm)].flatMap(([, path]) => path ?? []);

const inTable = (chain: string, name: string): string => `${chain.split("\t")[0]}\t${name}`;

/** Words, braces and ends of statements, without comments; quoted texts have lost their quotes. */
function tokensOf(text: string): string[] {
  const parts = text.replace(/\\\n/g, " ").match(/"[^"]*"|#[^\n]*|[{},;\n]|[^\s{},;"#]+/g) ?? [];
  return parts.filter((part) => !part.startsWith("#")).map((part) => part.replace(/^"(.*)"$/s, "$1"));
}

/** All chains by the name of their table, a tab, and their own. */
function chainsOf(tokens: readonly string[]): Map<string, Chain> {
  const chains = new Map<string, Chain>();
  let table = "";
  for (let at = 0; at < tokens.length; at++) {
    const [word, brace] = [tokens[at], tokens.indexOf("{", at)];
    if (word === "table" && brace > at) table = tokens.slice(at + 1, Math.min(at + 3, brace)).join(" ");
    if (word !== "chain" || brace !== at + 2) continue;
    const end = closing(tokens, brace);
    const rules = statements(tokens.slice(brace + 1, end));
    const name = `${table}\t${tokens[at + 1]}`;
    const older = chains.get(name);
    const isInput = rules.some((rule) => rule.join(" ").includes("hook input"));
    chains.set(name, {
      isInput: isInput || older?.isInput === true,
      rules: [...(older?.rules ?? []), ...rules],
    });
    at = end;
  }
  return chains;
}

/** Where the brace that is open at `begin` is closed. */
function closing(tokens: readonly string[], begin: number): number {
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

/** What one rule lets in. */
function openingsOf(rule: readonly string[]): Opening[] {
  const outside = withoutSets(rule);
  if (!outside.includes("accept")) return [];
  const states = valuesAfter(rule, ["ct", "state"]);
  if (states && !states.includes("new")) return [];
  const name = valuesAfter(rule, ["iifname"]) ?? valuesAfter(rule, ["iif"]);
  const from = valuesAfter(rule, ["ip", "saddr"]) ?? valuesAfter(rule, ["ip6", "saddr"]);
  const base = { from: from?.join(", ") };
  const interfaces = (name ?? [undefined]).filter((each) => each !== "lo");
  const found = portsOf(rule);
  const every = (openings: readonly Pick<Opening, "protocol" | "port">[]) =>
    interfaces.flatMap((each) => openings.map((opening) => ({ ...opening, interface: each, ...base })));
  if (found) return every(found);
  // Without a port, only what asks for nothing but where it comes from lets everything in.
  const rest = outside.filter((word) => !PLAIN.has(word));
  const named = [...(name ?? []), ...(from ?? [])].map((value) => value.replace(/^not /, ""));
  const only = rest.every((word) => WHERE.has(word) || named.includes(word));
  return only ? every([{ protocol: "any", port: undefined }]) : [];
}

/** What a rule may say besides, and lets in what it lets in all the same. */
const PLAIN = new Set(["accept", "counter", "ct", "state", "new", "established", "related", ","]);

/** What asks where it comes from. */
const WHERE = new Set(["meta", "iifname", "iif", "ip", "ip6", "saddr", "!="]);

/** The ports that a rule names; undefined for one that names none. */
function portsOf(rule: readonly string[]): Pick<Opening, "protocol" | "port">[] | undefined {
  const at = rule.indexOf("dport");
  if (at < 1) return undefined;
  const ports = valuesAfter(rule, ["dport"]) ?? [];
  const protocols =
    rule[at - 1] === "th" ? (valuesAfter(rule, ["l4proto"]) ?? ["any"]) : [rule[at - 1] ?? ""];
  // A named set is filled elsewhere, while the firewall runs.
  const written = ports.filter((port) => !port.startsWith("@"));
  return protocols.flatMap((protocol) => written.map((port) => ({ protocol, port })));
}

/** The value, or the values of the set, that stand behind words; undefined when they are not there. */
function valuesAfter(rule: readonly string[], words: readonly string[]): string[] | undefined {
  const at = rule.findIndex((_, from) => words.every((word, next) => rule[from + next] === word));
  if (at < 0) return undefined;
  let from = at + words.length;
  const not = rule[from] === "!=" ? "not " : "";
  if (not !== "") from++;
  if (rule[from] !== "{") {
    const values = [rule[from] ?? ""];
    // `established, related` may stand without braces.
    for (let next = from + 1; rule[next] === ","; next += 2) values.push(rule[next + 1] ?? "");
    return values.map((value) => `${not}${value}`);
  }
  const set = rule.slice(from + 1, closing(rule, from)).filter((word) => word !== ",");
  return set.map((value) => `${not}${value}`);
}

function withoutSets(rule: readonly string[]): string[] {
  const left: string[] = [];
  for (let at = 0; at < rule.length; at++) {
    if (rule[at] === "{") at = closing(rule, at);
    // A comment is a text, whatever it says.
    else if (rule[at] === "comment" || rule[at] === "prefix") at++;
    else left.push(rule[at] ?? "");
  }
  return left;
}
