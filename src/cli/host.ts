import { nearest } from "../book/nearest.ts";
import { HomelabError } from "../errors.ts";
import { makeCommand } from "./command.ts";
import type { Context } from "./context.ts";

/** Options of all verbs; which of them a verb takes is its own affair. */
export interface HostOptions {
  readonly fast?: boolean | undefined;
  readonly emergency?: boolean | undefined;
  readonly follow?: boolean | undefined;
  readonly since?: string | undefined;
  readonly to?: string | undefined;
  readonly within?: string | undefined;
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
  build: { takes: [], words: SOME, load: () => import("./host/build.ts") },
  diff: { takes: [], words: ONE, load: () => import("./host/diff.ts") },
  "dry-activate": { takes: [], words: ONE, load: () => import("./host/dry-activate.ts") },
  test: { takes: ["within"], words: ONE, load: () => import("./host/test.ts") },
  deploy: { takes: ["within"], words: SOME, load: () => import("./host/deploy.ts") },
  rollback: { takes: ["to", "within"], words: ONE, load: () => import("./host/rollback.ts") },
};

export default makeCommand({
  name: "host",
  description: "NixOS hosts of the recipes and of the flake.",
  usage: `${Object.keys(VERBS).join("|")} [HOST…]`,
  words: { min: 0, max: MANY, label: "", keepsDashes: true },
  args: {
    follow: { type: "boolean", alias: "f", description: "logs: go on as they write" },
    since: { type: "string", valueHint: "WHEN", description: "logs: from then on: 10m, 2h" },
    to: { type: "string", valueHint: "N", description: "rollback: to that generation" },
    within: {
      type: "string",
      valueHint: "TIME",
      description:
        "test, deploy, rollback: go back when nobody confirms the new system in that time (default 2m)",
    },
  },
  examples: [
    ["homelab host list", "all hosts, and what runs on them"],
    ["homelab host deploy web", "build, show what changes, switch; back by itself when it is not good"],
    ["homelab host rollback web --to 41", "to an earlier generation, with the same care"],
  ],
  async run(context, [name = "list", ...rest], { follow, since, to, within }) {
    const verb = verbOf(name);
    const options: HostOptions = { follow, since, to, within };
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
