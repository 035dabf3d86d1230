import type { Firewall, Opening } from "./opening.ts";

const PROGRAM = /^(?:.*\/)?ip(?:6|46)?tables$/;
const CHAINS = ["nixos-fw", "INPUT"];
const ACCEPTS = ["nixos-fw-accept", "ACCEPT"];
/** Options without a value. */
const BARE = /^(?:-w|--wait|!|--syn|-4|-6|--ipv4|--ipv6|-f|--fragment|-v|--verbose)$/;
const LONG: Readonly<Record<string, string>> = {
  "--append": "-A",
  "--insert": "-I",
  "--protocol": "-p",
  "--destination-port": "--dport",
  "--destination-ports": "--dports",
  "--in-interface": "-i",
  "--source": "-s",
  "--src": "-s",
  "--jump": "-j",
  "--table": "-t",
  "--state": "--ctstate",
};

/** What the script that starts NixOS's firewall lets in; undefined when it sets none up. */
export function iptablesFirewall(script: string): Firewall {
  const lines = script.replace(/\\\n/g, " ").split("\n");
  const rules = lines.flatMap((line) => ruleOf(line) ?? []);
  // Only then does anything that comes in pass through it.
  const used = rules.some((rule) => rule.chain === "INPUT" && rule.options.get("-j") === "nixos-fw");
  return used ? rules.flatMap(openingsOf) : undefined;
}

interface Rule {
  readonly chain: string;
  readonly options: ReadonlyMap<string, string>;
}

/** One rule that is added; undefined for whatever else a line is. */
function ruleOf(line: string): Rule | undefined {
  const words = (line.match(/"[^"]*"|'[^']*'|[^\s"']+/g) ?? [])
    .map((word) => word.replace(/^(["'])(.*)\1$/, "$2"))
    .flatMap(optionAndValue);
  if (!PROGRAM.test(words[0] ?? "")) return undefined;
  const options = new Map<string, string>();
  let [option, not] = ["", ""];
  for (const word of words.slice(1)) {
    if (word === "!") not = "not ";
    else if (/^--?[a-zA-Z]/.test(word)) {
      option = LONG[word] ?? word;
      options.set(option, "");
      if (BARE.test(word)) [option, not] = ["", ""];
    } else if (option !== "" && options.get(option) === "") {
      options.set(option, `${not}${word}`);
      not = "";
    }
  }
  const chain = options.get("-A") ?? options.get("-I");
  const filters = (options.get("-t") ?? "filter") === "filter";
  return chain !== undefined && filters ? { chain, options } : undefined;
}

/** `--dport=80` and `-ptcp` are two words in one. */
function optionAndValue(word: string): string[] {
  const [, option = word, value] = /^(--[a-z-]+)=(.*)$/.exec(word) ?? /^(-[psijtAI])(\w.*)$/.exec(word) ?? [];
  return value ? [option, value] : [option];
}

function openingsOf({ chain, options }: Rule): Opening[] {
  if (!CHAINS.includes(chain) || !ACCEPTS.includes(options.get("-j") ?? "")) return [];
  const protocol = options.get("-p") ?? "any";
  const known = options.get("--ctstate");
  // Answers to what went out, and pings.
  if ((known !== undefined && !known.includes("NEW")) || /^(?:ipv6-)?icmp/.test(protocol)) return [];
  const [name, from] = [options.get("-i"), options.get("-s")];
  // What comes from the machine itself.
  if (name === "lo") return [];
  const listed = options.get("--dport") ?? options.get("--dports");
  const ports = listed === undefined ? [undefined] : listed.split(",").map((port) => port.replace(":", "-"));
  return ports.map((port) => ({ protocol, port, interface: name, from }));
}
