import type { ArgsDef } from "citty";
import { type Command, makeCommand } from "./command.ts";
import { HOST_ARGS, type HostOptions, VERBS, type Verb } from "./host.ts";

interface Texts {
  readonly description: string;
  readonly usage: string;
  readonly examples: Command["examples"];
}

const TEXTS = {
  build: {
    description:
      "Builds the systems that the flake configures for hosts, and prints their paths. Nothing is copied anywhere, and no host is asked. A MicroVM is built by `homelab vm build`. A task of this name in the recipes goes first: `homelab host build` is always this.",
    usage: "HOST…",
    examples: [["homelab build web", "the path of its system, and nothing else"]],
  },
  diff: {
    description:
      "Builds the system of a host and shows what deploying it would change: packages, units, kernel. A task of this name in the recipes goes first: `homelab host diff` is always this.",
    usage: "HOST",
    examples: [["homelab diff web --json", "the same as data"]],
  },
  "dry-activate": {
    description:
      "Builds the system of a host and asks the host's own activation what it would do. A task of this name in the recipes goes first: `homelab host dry-activate` is always this.",
    usage: "HOST",
    examples: [["homelab dry-activate web", "which units would be stopped, started, restarted"]],
  },
  test: {
    description:
      "Puts the new system of a host into force until it reboots; what boots stays as it is. It goes back by itself when it is not good. A task of this name in the recipes goes first: `homelab host test` is always this.",
    usage: "HOST",
    examples: [["homelab test web --within 5m", "goes back when nobody confirms it in that time"]],
  },
} as const satisfies Readonly<Partial<Record<keyof typeof VERBS, Texts>>>;

export type HostVerbName = keyof typeof TEXTS;

/** A verb of `host` as a command of its own: `homelab build web` for `homelab host build web`. */
export function hostVerb(name: HostVerbName): Command {
  const { words, load }: Verb = VERBS[name];
  const args = optionsOf(VERBS[name]);
  return makeCommand({
    ...{ name, words, args },
    ...TEXTS[name],
    run: async (context, given, options) => (await load()).run(context, given, options as HostOptions),
  });
}

/** The options of a verb for a command of its own. */
export const optionsOf = ({ takes }: Verb): ArgsDef =>
  Object.fromEntries(takes.map((option) => [option, alone(HOST_ARGS[option])]));

/** An option without the verbs of `host` that take it. */
const alone = (spec: ArgsDef[string]): ArgsDef[string] => ({
  ...spec,
  description: spec.description?.replace(/^[a-z, -]+: /, "") ?? "",
});
