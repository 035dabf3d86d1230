import { nearest } from "../book/nearest.ts";
import { HomelabError } from "../errors.ts";
import { makeCommand } from "./command.ts";
import type { Context } from "./context.ts";

/** Options of all verbs; which of them a verb takes is its own affair. */
export interface UpdateOptions {
  readonly within?: string | undefined;
  readonly acceptIssues?: boolean | undefined;
}

interface Verb {
  /** Options that it takes. */
  readonly takes: readonly (keyof UpdateOptions)[];
  readonly load: () => Promise<{
    run: (context: Context, words: string[], options: UpdateOptions) => Promise<void>;
  }>;
}

/** In the order of the help. */
const VERBS: Readonly<Record<string, Verb>> = {
  flake: { takes: [], load: () => import("./update/flake.ts") },
  preview: { takes: [], load: () => import("./update/preview.ts") },
  system: { takes: ["within"], load: () => import("./update/system.ts") },
  smart: { takes: ["within", "acceptIssues"], load: () => import("./update/smart.ts") },
};
const FLAGS: Readonly<Record<keyof UpdateOptions, string>> = {
  within: "--within",
  acceptIssues: "--accept-issues",
};
/** Commands of their own that one may have meant. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ["services", "homelab update-services"],
  ["images", "homelab pull-images"],
  ["vm", "homelab vm update"],
]);

export default makeCommand({
  name: "update",
  description:
    "Takes newer inputs of the flake that the hosts are made from. What flake.lock was stays in flake.lock.backup; with `system` and `smart` it is only replaced when all hosts run what comes of it.",
  usage: "[VERB] [HOST…] [INPUT…]",
  verbs: [
    ["flake [INPUT…]", "take what is newer of the inputs, of all without names (default)"],
    ["preview [HOST…] [INPUT…]", "which packages that would change; nothing is written"],
    ["system [HOST…] [INPUT…]", "take it, and deploy it to hosts, to all without names"],
    ["smart [HOST…] [INPUT…]", "the same, with a look for known issues of what comes before"],
  ],
  words: { min: 0, max: Number.POSITIVE_INFINITY, label: "" },
  args: {
    within: {
      type: "string",
      valueHint: "TIME",
      description: "system, smart: go back when nobody confirms the new system in that time (default 2m)",
    },
    "accept-issues": {
      type: "boolean",
      description: "smart: go on although a critical issue is known",
    },
  },
  examples: [
    ["homelab update", "newer inputs into flake.lock; nothing is deployed"],
    ["homelab update flake home-manager", "of one input alone"],
    ["homelab update preview web", "packages old → new, what restarts, whether a reboot is needed"],
    ["homelab update system web", "newer inputs, deployed; flake.lock stays as it is when that fails"],
    ["homelab update smart --dry-run", "known issues of what would come to any host"],
    ["homelab update smart web", "look for known issues, ask, deploy; blocked by critical ones"],
  ],
  async run(context, [name = "flake", ...rest], { within, "accept-issues": acceptIssues }) {
    const verb = verbOf(name);
    const options: UpdateOptions = { within, acceptIssues };
    for (const [option, value] of Object.entries(options)) {
      if (value === undefined || verb.takes.includes(option as keyof UpdateOptions)) continue;
      const flag = FLAGS[option as keyof UpdateOptions];
      throw new HomelabError("usage", `\`update ${name}\` takes no \`${flag}\``, {
        hint: "see `homelab update --help`",
      });
    }
    const { run } = await verb.load();
    await run(context, rest, options);
  },
});

function verbOf(name: string): Verb {
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (verb) return verb;
  const close = nearest(name, Object.keys(VERBS));
  const other = ELSEWHERE.get(name) ?? (close && `homelab update ${close}`);
  throw new HomelabError("usage", `\`update\` has no \`${name}\``, {
    hint: other
      ? `did you mean \`${other}\`?`
      : `it has ${Object.keys(VERBS).join(", ")}; an input of the flake comes after \`flake\`: \`homelab update flake ${name}\``,
  });
}
