import { HomelabError } from "../../errors.ts";
import { exitCodeOf, type Machine } from "../../process/machine.ts";
import { SshMachine } from "../../ssh/machine.ts";
import { quoteWord } from "../../ssh/quote.ts";
import { type Context, print, printJson } from "../context.ts";
import { MAX_DURATION } from "../options.ts";
import { remoteCommand, splitSsh } from "../ssh-words.ts";
import { openHost } from "./book.ts";

/** Of what a command prints, a document has this much: the last part. */
const KEPT_BYTES = 16 * 1024 * 1024;

/** A login on a host, or a command on it, which gives its exit code. */
export async function run(context: Context, words: string[]): Promise<void> {
  const { name, typed } = splitSsh("host", words);
  const command = remoteCommand(typed);
  const { machines, host } = await openHost(context, name);
  const machine = machines.host(host);
  if (command.length === 0) refuseLogin(context, host.name, machine);
  if (context.options.dryRun) return show(context, host.name, callOf(machine, command));
  if (!context.options.json) {
    context.exitCode = await machine.foreground(command);
    return;
  }
  const deadline = context.options.timeout ?? MAX_DURATION;
  const result = await machine.run(command, { deadline, keep: KEPT_BYTES });
  if (result.timedOut) throw new HomelabError("timeout", `\`${command[0]}\` did not end in time`);
  context.exitCode = exitCodeOf(result);
  const { stdout, stderr } = result;
  printJson({ version: 1, id: host.name, command, exitCode: context.exitCode, stdout, stderr });
}

/** Throws `usage` where there is nothing that could be logged in to, or that could be a document. */
function refuseLogin({ options }: Context, name: string, machine: Machine): void {
  if (!machine.remote) {
    throw new HomelabError("usage", `\`${name}\` is this machine: you are logged in`, {
      hint: `put a command behind it: \`homelab host ssh ${name} -- uptime\``,
    });
  }
  if (!options.json) return;
  throw new HomelabError("usage", "`--json` is one document, and a login is none", {
    hint: `put a command behind it: \`homelab host ssh ${name} -- uptime\``,
  });
}

function show({ options }: Context, id: string, argv: readonly string[]): void {
  if (options.json) printJson({ version: 1, id, command: argv });
  else print(`${argv.map(quoteWord).join(" ")}\n`);
}

/** As ssh takes a command: one word, which the other side's shell reads. */
function callOf(machine: Machine, command: readonly string[]): readonly string[] {
  if (!(machine instanceof SshMachine)) return command;
  const { settings, address } = machine.reach;
  const line = command.length === 0 ? [] : [command.map(quoteWord).join(" ")];
  return ["ssh", "-F", settings, address, ...line];
}
