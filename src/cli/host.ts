import { nearest } from "../book/nearest.ts";
import { HomelabError } from "../errors.ts";
import { makeCommand } from "./command.ts";
import type { Context } from "./context.ts";

/** Options of all verbs; which of them a verb takes is its own affair. */
export interface HostOptions {
  readonly follow?: boolean | undefined;
  readonly since?: string | undefined;
}

interface Verb {
  /** Options that it takes. */
  readonly takes: readonly (keyof HostOptions)[];
  readonly words: { readonly min: number; readonly max: number; readonly label: string };
  readonly load: () => Promise<{
    run: (context: Context, words: string[], options: HostOptions) => Promise<void>;
  }>;
}

const MANY = Number.POSITIVE_INFINITY;
const ANY = { min: 0, max: MANY, label: "" };
const SOME = { min: 1, max: MANY, label: "a host" };
const ONE = { min: 1, max: 1, label: "a host" };

/** In the order of the help. */
const VERBS: Readonly<Record<string, Verb>> = {
  list: { takes: [], words: ANY, load: () => import("./host/list.ts") },
  status: { takes: [], words: ANY, load: () => import("./host/status.ts") },
  generations: { takes: [], words: ONE, load: () => import("./host/generations.ts") },
  ssh: { takes: [], words: SOME, load: () => import("./host/ssh.ts") },
  logs: { takes: ["follow", "since"], words: SOME, load: () => import("./host/logs.ts") },
};

export default makeCommand({
  name: "host",
  description:
    "NixOS hosts, over ssh: those of `hosts:` in the recipes, and those of the flake. `list` shows them; `status` asks all at once how they are, and exits with 3 when one is not ready; `generations` are those of a host's system, with the one in force, the one that was booted and the one that the next boot starts; `logs` shows the journal, all of it or that of units; `ssh` logs in, or runs a command. None of these changes anything.",
  usage: `${Object.keys(VERBS).join("|")} [HOST…]`,
  words: { min: 0, max: MANY, label: "", keepsDashes: true },
  args: {
    follow: { type: "boolean", alias: "f", description: "logs: go on as they write" },
    since: { type: "string", valueHint: "WHEN", description: "logs: from then on: 10m, 2h" },
  },
  examples: [
    ["homelab host list", "all hosts, and how they are reached"],
    ["homelab host status", "failed units, space, pending reboots of all, asked at once"],
    ["homelab host generations p620", "what a rollback could go back to"],
    ["homelab host logs p620 nginx -f", "the journal of a unit there, as it is written"],
    ["homelab host ssh p620 -- systemctl --failed", "a command on it; without one, a login"],
  ],
  async run(context, [name = "list", ...rest], { follow, since }) {
    const verb = verbOf(name);
    const options: HostOptions = { follow, since };
    checkVerb(name, verb, rest, options);
    const { run } = await verb.load();
    await run(context, rest, options);
  },
});

function verbOf(name: string): Verb {
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (verb) return verb;
  const close = nearest(name, Object.keys(VERBS));
  throw new HomelabError("usage", `\`host\` has no \`${name}\``, {
    hint: close ? `did you mean \`homelab host ${close}\`?` : `it has ${Object.keys(VERBS).join(", ")}`,
  });
}

function checkVerb(
  name: string,
  { takes, words }: Verb,
  given: readonly string[],
  options: HostOptions,
): void {
  const hint = "see `homelab host --help`";
  if (name !== "ssh" && given.includes("--"))
    throw new HomelabError("usage", `unexpected \`--\` after \`host ${name}\``, { hint });
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined || takes.includes(option as keyof HostOptions)) continue;
    throw new HomelabError("usage", `\`host ${name}\` takes no \`--${option}\``, { hint });
  }
  if (given.length < words.min)
    throw new HomelabError("usage", `\`host ${name}\` needs ${words.label}`, { hint });
  if (given.length > words.max)
    throw new HomelabError("usage", `unexpected word \`${given[words.max]}\` after \`host ${name}\``, {
      hint,
    });
}
