import { type ArgsDef, type CommandDef, defineCommand, type ParsedArgs } from "citty";
import type { Context } from "./context.ts";

/** A command as its module gives it. */
export interface Command {
  readonly definition: CommandDef;
  readonly args: ArgsDef;
  readonly description: string;
  /** After the command's name: "TARGET…". */
  readonly usage: string;
  /** First words that it takes, each with what follows it, and what it does. */
  readonly verbs?: readonly (readonly [line: string, what: string])[];
  /** How many words it takes besides options, and what is missing when there are too few. */
  readonly words: {
    readonly min: number;
    readonly max: number;
    readonly label: string;
    /** What stands behind `--` is another program's: the words have the `--` in them. */
    readonly keepsDashes?: boolean;
  };
  readonly examples: readonly (readonly [line: string, what: string])[];
}

interface CommandSpec<A extends ArgsDef> extends Omit<Command, "definition" | "args"> {
  readonly name: string;
  readonly args: A;
  run(context: Context, words: string[], args: ParsedArgs<A>): Promise<void>;
}

/** Makes a command; its `run` gets the context, the words and the options of the command line. */
export function makeCommand<const A extends ArgsDef>(spec: CommandSpec<A>): Command {
  const { name, description, args, usage, verbs, words, examples } = spec;
  const definition = defineCommand({
    meta: { name, description },
    args,
    // The parser hands the context on as `data` without knowing it.
    run: (call) => spec.run(call.data as Context, call.args._, call.args),
  });
  // The library's type of a definition is invariant in its options, so no list of commands could hold it.
  const command = {
    definition: definition as unknown as CommandDef,
    args,
    description,
    usage,
    words,
    examples,
  };
  return verbs ? { ...command, verbs } : command;
}
