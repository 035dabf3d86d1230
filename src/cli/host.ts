import type { ArgsDef } from "citty";
import { nearest } from "../book/nearest.ts";
import { HomelabError } from "../errors.ts";
import { makeCommand } from "./command.ts";
import type { Context } from "./context.ts";
import { MODES } from "./host/modes.ts";

/** Options of all verbs; which of them a verb takes is its own affair. */
export type HostOptions = {
  readonly [Name in keyof typeof HOST_ARGS]?:
    | ((typeof HOST_ARGS)[Name]["type"] extends "boolean" ? boolean : string)
    | undefined;
};

export interface Verb {
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
export const VERBS = {
  list: { takes: [], words: ANY, load: () => import("./host/list.ts") },
  status: { takes: [], words: ANY, load: () => import("./host/status.ts") },
  generations: { takes: [], words: ONE, load: () => import("./host/generations.ts") },
  ssh: { takes: [], words: SOME, load: () => import("./host/ssh.ts") },
  logs: { takes: ["follow", "since"], words: SOME, load: () => import("./host/logs.ts") },
  check: { takes: ["build-on"], words: SOME, load: () => import("./host/check.ts") },
  build: { takes: ["build-on"], words: SOME, load: () => import("./host/build.ts") },
  diff: { takes: ["build-on"], words: ONE, load: () => import("./host/diff.ts") },
  "dry-activate": { takes: ["build-on"], words: ONE, load: () => import("./host/dry-activate.ts") },
  test: { takes: ["within", "build-on"], words: ONE, load: () => import("./host/test.ts") },
  deploy: {
    takes: ["boot", "within", "fast", "emergency", "canary", "pause", "rollback-wave", "build-on"],
    words: SOME,
    load: () => import("./host/deploy.ts"),
  },
  rollback: { takes: ["boot", "to", "within"], words: ONE, load: () => import("./host/rollback.ts") },
  attach: { takes: [], words: ONE, load: () => import("./host/attach.ts") },
  setup: {
    takes: ["user", "address", "fingerprint", "sync", "to"],
    words: ONE,
    load: () => import("./host/setup.ts"),
  },
} satisfies Readonly<Record<string, Verb>>;

/** Options of all verbs, as the command line has them. */
export const HOST_ARGS = {
  boot: {
    type: "boolean",
    description: "deploy, rollback: only what boots next; what runs stays until the host reboots",
  },
  follow: { type: "boolean", alias: "f", description: "logs: go on as they write" },
  since: { type: "string", valueHint: "WHEN", description: "logs: from then on: 10m, 2h" },
  to: {
    type: "string",
    valueHint: "WHERE",
    description: "rollback: the number of a generation; setup: the directory of the repository there",
  },
  within: {
    type: "string",
    valueHint: "TIME",
    description:
      "test, deploy, rollback: go back when nobody confirms the new system in that time (default 2m)",
  },
  user: {
    type: "string",
    valueHint: "NAME",
    description: "setup: who logs in there (default: the recipe's)",
  },
  address: {
    type: "string",
    valueHint: "ADDR",
    description: "setup: where the host is (default: the recipe's, else its name)",
  },
  fingerprint: {
    type: "string",
    valueHint: "SHA256:…",
    description: "setup: the host key that is to be taken, and no other",
  },
  sync: {
    type: "enum",
    options: ["rsync", "git", "none"],
    description: "setup: how the repository gets there (default none)",
  },
  ...MODES,
  canary: { type: "string", valueHint: "HOST", description: "deploy: that host first in its stage" },
  pause: {
    type: "string",
    valueHint: "TIME",
    description: "deploy: between two stages; what was switched must stay well for that time",
  },
  "rollback-wave": {
    type: "boolean",
    description: "deploy: when a host fails, those go back that were switched together with it",
  },
  "build-on": {
    type: "string",
    valueHint: "HOST",
    description: "check, build, diff, dry-activate, test, deploy: build on that host, `here`, or `there`",
  },
} as const satisfies ArgsDef;

export default makeCommand({
  name: "host",
  description:
    "NixOS hosts, over ssh: those of `hosts:` in the recipes, and those of the flake. What is switched goes back by itself when the new system is not good, or when nobody confirms it in time.",
  usage: "VERB [HOST…]",
  verbs: [
    ["list [HOST…]", "all hosts, and how they are reached (default)"],
    ["status [HOST…]", "how they are, asked at once; exits with 3 when one is not ready"],
    ["generations HOST", "those of its system: in force, booted, next at boot"],
    ["logs HOST [UNIT…]", "its journal, all of it or that of units"],
    ["ssh HOST [-- COMMAND…]", "log in, or run a command on it"],
    ["check HOST…", "whether a deploy could begin: sources, access, room, evaluation"],
    ["build HOST…", "build what the flake stands for"],
    ["diff HOST", "packages, units and kernel: what a deploy would change"],
    ["dry-activate HOST", "what its own activation says that it would do"],
    ["test HOST", "in force until the next boot"],
    ["deploy HOST…", "build, show what changes, ask once, switch stage by stage; back when it is not well"],
    ["rollback HOST", "to an earlier generation, with the same care"],
    ["attach HOST", "judge and end a switch whose deployer is gone; else how the last one ended"],
    ["setup HOST", "the first time: key, known host, login, sudo, the repository there"],
  ],
  words: { min: 0, max: MANY, label: "", keepsDashes: true },
  args: HOST_ARGS,
  examples: [
    ["homelab host list", "all hosts, and how they are reached"],
    ["homelab host status", "failed units, space, pending reboots of all, asked at once"],
    ["homelab host generations p620", "what a rollback could go back to"],
    ["homelab host logs p620 nginx -f", "the journal of a unit there, as it is written"],
    ["homelab host ssh p620 -- systemctl --failed", "a command on it; without one, a login"],
    ["homelab host deploy web", "build, show what changes, switch; back by itself when it is not good"],
    ["homelab host deploy web --boot", "what boots next; nothing that runs is touched"],
    ["homelab host deploy all --pause 10m", "stage by stage: staging first, production last"],
    ["homelab host deploy p620 --build-on razer", "built on another host than this one"],
    ["homelab host rollback web --to 41", "to an earlier generation, with the same care"],
    ["homelab host attach web", "after a lost connection: bring the switch that goes on there to its end"],
    ["homelab host setup web --address 192.168.1.10 --user admin", "make a new host known, once"],
  ],
  async run(context, [name = "list", ...rest], given) {
    const verb = verbOf(name);
    const options: HostOptions = Object.fromEntries(
      Object.keys(HOST_ARGS).map((option) => [option, given[option as keyof HostOptions]]),
    );
    checkVerb(name, verb, rest, options);
    const { run } = await verb.load();
    await run(context, rest, options);
  },
});

function verbOf(name: string): Verb {
  if (Object.hasOwn(VERBS, name)) return VERBS[name as keyof typeof VERBS];
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
