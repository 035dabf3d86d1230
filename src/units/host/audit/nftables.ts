import type { Firewall, Opening } from "./opening.ts";
import { type Chain, chainsOf, closing, tokensOf, withoutSets } from "./ruleset.ts";

/** What a ruleset of nftables lets in; undefined when it has no chain that what comes in goes through. */
export function nftablesFirewall(ruleset: string): Firewall {
  const chains = chainsOf(tokensOf(ruleset));
  const reached = new Set([...chains].flatMap(([name, { isInput }]) => (isInput ? [name] : [])));
  if (reached.size === 0) return undefined;
  const unguarded = openFamilies(chains);
  // A set hands out what is added to it while it is gone through.
  for (const name of reached)
    for (const rule of chains.get(name)?.rules ?? [])
      for (const [at, word] of rule.entries())
        if (isJump(word)) reached.add(inTable(name, rule[at + 1] ?? ""));
  const opened = [...reached].flatMap((name) => (chains.get(name)?.rules ?? []).flatMap(openingsOf));
  return [...unguarded, ...opened];
}

/** Files that it takes in, by their paths. */
export const includesOf = (ruleset: string): string[] =>
  [...ruleset.matchAll(/^\s*include\s+"([^"*?]+)"/gm)].flatMap(([, path]) => path ?? []);

const inTable = (chain: string, name: string): string => `${chain.split("\t")[0]}\t${name}`;
const isJump = (word: string | undefined): boolean => word === "jump" || word === "goto";

/** All that no chain turns away at its end; a packet has to pass each of those that it comes to. */
function openFamilies(chains: ReadonlyMap<string, Chain>): Opening[] {
  const open = ["ip", "ip6"].filter((family) => {
    const own = [...chains].filter(([, chain]) => chain.isInput && ["inet", family].includes(chain.family));
    return own.length > 0 && !own.some(([name]) => turnsAway(chains, name));
  });
  const protocol = open.length === 2 ? "any" : open[0] === "ip" ? "IPv4" : "IPv6";
  return open.length === 0 ? [] : [{ protocol, port: undefined, interface: undefined, from: undefined }];
}

/** Whether what is new and not let in goes no further than a chain. */
function turnsAway(chains: ReadonlyMap<string, Chain>, name: string, seen: readonly string[] = []): boolean {
  const chain = chains.get(name);
  if (!chain || seen.includes(name)) return false;
  return (
    chain.policy === "drop" ||
    chain.rules.some((rule) => {
      const [verdict, to = ""] = verdictForNew(rule);
      if (isJump(verdict)) return turnsAway(chains, inTable(name, to), [...seen, name]);
      return verdict === "drop" || verdict === "reject";
    })
  );
}

const VERDICTS = ["drop", "reject", "jump", "goto"];

/** What a rule does with everything that is new and is not from the machine itself, and all that follows in it. */
function verdictForNew(rule: readonly string[]): string[] {
  const words = withoutSets(rule);
  const at = words.findIndex((word) => VERDICTS.includes(word));
  if (at < 0 || !seesNew(rule)) return [];
  const name = interfacesOf(rule);
  if (name && name.join() !== "not lo") return [];
  const asked = words.slice(0, at).join(" ").replace(NOTES, "").split(" ");
  const free = asked.every((word) => word === "" || STATES.has(word) || (name && FROM_OUTSIDE.has(word)));
  return free ? words.slice(at) : [];
}

/** What counts and writes down what passes, and asks for nothing. */
const NOTES =
  /\bcounter(?: packets \d+ bytes \d+| name \S+)?|\blog(?: (?:level|flags|group|snaplen|queue-threshold) \S+)*/g;
const STATES = new Set(["ct", "state", "!=", "new", "established", "related", "untracked", "invalid", ","]);
const FROM_OUTSIDE = new Set(["meta", "iifname", "iif", "lo"]);

/** Whether a rule asks for no state of a connection, or for one that a new one has. */
function seesNew(rule: readonly string[]): boolean {
  const states = valuesAfter(rule, ["ct", "state"]);
  if (!states) return true;
  return states.includes("new") || (states[0]?.startsWith("not ") === true && !states.includes("not new"));
}

const interfacesOf = (rule: readonly string[]): string[] | undefined =>
  valuesAfter(rule, ["iifname"]) ?? valuesAfter(rule, ["iif"]);

/** What one rule lets in. */
function openingsOf(rule: readonly string[]): Opening[] {
  const outside = withoutSets(rule);
  if (!outside.includes("accept")) return [];
  if (!seesNew(rule)) return [];
  const name = interfacesOf(rule);
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
