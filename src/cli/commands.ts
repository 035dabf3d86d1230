import { type ArgsDef, type CommandDef, defineCommand, type ParsedArgs } from "citty";
import type { Context } from "./context.ts";

/** A command as its module gives it. */
export interface Command {
  readonly definition: CommandDef;
  readonly args: ArgsDef;
  readonly description: string;
  /** After the command's name: "TARGET…". */
  readonly usage: string;
  /** How many words it takes besides options, and what is missing when there are too few. */
  readonly words: { readonly min: number; readonly max: number; readonly label: string };
  readonly examples: readonly (readonly [line: string, what: string])[];
}

interface CommandSpec<A extends ArgsDef> extends Omit<Command, "definition" | "args"> {
  readonly name: string;
  readonly args: A;
  run(context: Context, words: string[], args: ParsedArgs<A>): Promise<void>;
}

/** Makes a command; its `run` gets the context, the words and the options of the command line. */
export function makeCommand<const A extends ArgsDef>(spec: CommandSpec<A>): Command {
  const { name, description, args, usage, words, examples } = spec;
  const definition = defineCommand({
    meta: { name, description },
    args,
    // The parser hands the context on as `data` without knowing it.
    run: (call) => spec.run(call.data as Context, call.args._, call.args),
  });
  // The library's type of a definition is invariant in its options, so no list of commands could hold it.
  return { definition: definition as unknown as CommandDef, args, description, usage, words, examples };
}

export interface CommandEntry {
  readonly summary: string;
  readonly load: () => Promise<{ default: Command }>;
  /** `<verb>-<target>` is the same as `<verb> <target>`. */
  readonly verb?: boolean;
}

const entries: Record<string, CommandEntry> = {
  list: { summary: "recipes by group, one line each", load: () => import("./list.ts") },
  ensure: {
    summary: "bring targets and all that they need to ready",
    load: () => import("./ensure.ts"),
    verb: true,
  },
  plan: { summary: "what ensure would do, and why", load: () => import("./plan.ts"), verb: true },
  status: { summary: "what is ready, and what is not", load: () => import("./status.ts"), verb: true },
  why: {
    summary: "why a target is not ready, down to the cause",
    load: () => import("./why.ts"),
    verb: true,
  },
  graph: { summary: "what needs what", load: () => import("./graph.ts"), verb: true },
  validate: { summary: "check recipes and compose files", load: () => import("./validate.ts"), verb: true },
  history: { summary: "what was done, and when", load: () => import("./history.ts") },
  lock: { summary: "who is at work", load: () => import("./lock.ts") },
  schema: { summary: "JSON Schema of the recipe files, for editors", load: () => import("./schema.ts") },
  help: { summary: "explain a command or a topic", load: () => import("./help.ts") },
};

/** All commands, without a prototype: `toString` is no command. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = Object.assign(Object.create(null), entries);
