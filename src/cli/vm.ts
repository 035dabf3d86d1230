import { nearest } from "../book/nearest.ts";
import { HomelabError } from "../errors.ts";
import { makeCommand } from "./command.ts";
import type { Context } from "./context.ts";

/** Options of all verbs; which of them a verb takes is its own affair. */
export interface VmOptions {
  readonly restart?: boolean | undefined;
  readonly force?: boolean | undefined;
  readonly follow?: boolean | undefined;
  readonly since?: string | undefined;
  readonly tail?: string | undefined;
}

interface Verb {
  /** Options that it takes. */
  readonly takes: readonly (keyof VmOptions)[];
  /** How many words it takes, and what they are. */
  readonly words: { readonly min: number; readonly max: number; readonly label: string };
  readonly load: () => Promise<{
    run: (context: Context, words: string[], options: VmOptions) => Promise<void>;
  }>;
}

const MANY = Number.POSITIVE_INFINITY;
const SOME = { min: 1, max: MANY, label: "a MicroVM" };
const ANY = { min: 0, max: MANY, label: "" };
const ONE = { min: 1, max: 1, label: "a MicroVM" };

/** In the order of the help. */
const VERBS: Readonly<Record<string, Verb>> = {
  list: { takes: [], words: ANY, load: () => import("./vm/list.ts") },
  build: { takes: [], words: ANY, load: () => import("./vm/build.ts") },
  update: { takes: ["restart", "force"], words: ANY, load: () => import("./vm/update.ts") },
  start: { takes: [], words: SOME, load: () => import("./vm/start.ts") },
  restart: { takes: [], words: SOME, load: () => import("./vm/restart.ts") },
  stop: { takes: [], words: SOME, load: () => import("./vm/stop.ts") },
  run: { takes: [], words: ONE, load: () => import("./vm/run.ts") },
  logs: { takes: ["follow", "since", "tail"], words: SOME, load: () => import("./vm/logs.ts") },
  ssh: { takes: [], words: SOME, load: () => import("./vm/ssh.ts") },
  network: { takes: [], words: ANY, load: () => import("./vm/network.ts") },
  orphans: { takes: [], words: { min: 0, max: 0, label: "" }, load: () => import("./vm/orphans.ts") },
  rollback: { takes: [], words: SOME, load: () => import("./vm/rollback.ts") },
  prune: { takes: [], words: ANY, load: () => import("./vm/prune.ts") },
};

/** Letters of the `microvm` command, so that its lines work as they are typed. */
const LETTERS = ["update", "list", "run", "ssh"] as const;

export default makeCommand({
  name: "vm",
  description:
    "MicroVMs of microvm.nix, on this machine or on the hosts that the recipes name: those with a recipe, and those that have a state directory. A name may be a group's.",
  usage: "VERB [NAME…]",
  verbs: [
    ["list [NAME…]", "state, memory, address, and what is to be done about each (default)"],
    ["build [NAME…]", "make the system that the configuration stands for; nothing that runs is touched"],
    ["update [NAME…]", "put it in place for the next start; with --restart, into force"],
    ["start NAME…", "bring up, after what they need, and wait until they answer, as `ensure` does"],
    ["restart NAME…", "start anew, each with the system that is in place"],
    ["stop NAME…", "stop, and first what needs them"],
    ["rollback NAME…", "put the system before in place again"],
    ["logs NAME…", "what the journal has of them and their helpers: the console, too"],
    ["run NAME", "start a stopped one in the foreground, as its unit would, to see it boot"],
    ["ssh NAME [-- COMMAND…]", "log in, or run a command in it; one word is a line for its shell"],
    [
      "network [NAME…]",
      "a checklist: TAP interface, bridge, addresses, ways in and out; several ping each other",
    ],
    ["orphans", "those that no configuration names: neither recipe, nor host, nor flake"],
    ["prune [NAME…]", "remove state directories of orphans that do not run, data included; asks first"],
  ],
  words: { min: 0, max: MANY, label: "", keepsDashes: true },
  args: {
    restart: { type: "boolean", alias: "R", description: "update: restart those that run another system" },
    force: { type: "boolean", description: "update: also a system that one was put back from" },
    follow: { type: "boolean", alias: "f", description: "logs: go on as they write" },
    since: { type: "string", valueHint: "WHEN", description: "logs: from then on: 10m, 2h" },
    tail: { type: "string", valueHint: "N", description: "logs: the last N lines" },
    update: { type: "boolean", alias: "u", description: "the same as `update`, as in `vm -Ru vm1`" },
    list: { type: "boolean", alias: "l", description: "the same as `list`" },
    run: { type: "boolean", alias: "r", description: "the same as `run`" },
    ssh: { type: "boolean", alias: "s", description: "the same as `ssh`" },
  },
  examples: [
    ["homelab vm list", "all MicroVMs: state, memory, address, and what is to be done"],
    ["homelab vm update vm1 vm2 --restart", "build, put in place, restart; put back what does not come up"],
    ["homelab vm ssh vm1 -- ping -c 3 1.1.1.1", "a command in it; without one, a login"],
    ["homelab vm logs vm1 -f", "its journal, and with it its console"],
    ["homelab vm ssh vm1 'ip addr; ip route'", "a line for its shell, as ssh takes it"],
    ["homelab vm network vm1", "why it cannot be reached; exits with 1 when something failed"],
    ["homelab vm prune --dry-run", "what is left of MicroVMs that are gone, and how much it is"],
  ],
  async run(context, words, args) {
    const flagged = LETTERS.filter((verb) => args[verb] === true);
    if (flagged.length > 1) throw new HomelabError("usage", "one of `-u`, `-l`, `-r` and `-s` at a time");
    const [implied] = flagged;
    if (implied !== undefined && words[0] !== undefined && Object.hasOwn(VERBS, words[0]))
      throw twoVerbs(implied, words[0]);
    const name = implied ?? words[0] ?? "list";
    const rest = implied === undefined ? words.slice(1) : words;
    const verb = verbOf(name);
    const { restart, force, follow, since, tail } = args;
    const options: VmOptions = { restart, force, follow, since, tail };
    checkVerb(name, verb, rest, options);
    const { run } = await verb.load();
    await run(context, rest, options);
  },
});

/** `vm ssh vm1 ls -l`: the letter was meant for what runs in the MicroVM. */
const twoVerbs = (letters: string, verb: string): HomelabError =>
  new HomelabError(
    "usage",
    `\`-${letters[0]}\` stands for \`vm ${letters}\`, and \`${verb}\` is there already`,
    {
      hint:
        verb === "ssh"
          ? "put the command behind `--`: `homelab vm ssh NAME -- COMMAND…`"
          : "take one of them out",
    },
  );

function verbOf(name: string): Verb {
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (verb) return verb;
  const close = nearest(name, Object.keys(VERBS));
  throw new HomelabError("usage", `\`vm\` has no \`${name}\``, {
    hint: close ? `did you mean \`homelab vm ${close}\`?` : `it has ${Object.keys(VERBS).join(", ")}`,
  });
}

function checkVerb(name: string, { takes, words }: Verb, given: readonly string[], options: VmOptions): void {
  const hint = "see `homelab vm --help`";
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined || takes.includes(option as keyof VmOptions)) continue;
    throw new HomelabError("usage", `\`vm ${name}\` takes no \`--${option}\``, { hint });
  }
  if (name !== "ssh" && given.includes("--"))
    throw new HomelabError("usage", `unexpected \`--\` after \`vm ${name}\``, { hint });
  if (given.length < words.min)
    throw new HomelabError("usage", `\`vm ${name}\` needs ${words.label}`, { hint });
  if (given.length > words.max)
    throw new HomelabError("usage", `unexpected word \`${given[words.max]}\` after \`vm ${name}\``, { hint });
}
