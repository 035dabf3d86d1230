import type { MicrovmRecipe } from "../../book/types.ts";
import { HomelabError } from "../../errors.ts";
import { exitCodeOf, type Machine } from "../../process/machine.ts";
import type { SshMachine } from "../../ssh/machine.ts";
import { quoteWord } from "../../ssh/quote.ts";
import { showUnits } from "../../systemd/show.ts";
import { isRunning } from "../../units/microvm/decide.ts";
import { unitOf } from "../../units/microvm/driver.ts";
import { type Context, print, printJson } from "../context.ts";
import { MAX_DURATION } from "../options.ts";
import { remoteCommand, splitSsh } from "../ssh-words.ts";
import { openVms } from "./book.ts";

/** Of what a command prints, a document has this much: the last part. */
const KEPT_BYTES = 16 * 1024 * 1024;

/** A login into a MicroVM, or a command in it, which gives its exit code. */
export async function run(context: Context, words: string[]): Promise<void> {
  const { name, typed } = splitSsh("vm", words);
  const command = remoteCommand(typed);
  const { machines, vms } = await openVms(context, [name]);
  const [vm] = vms;
  if (!vm || vms.length > 1)
    throw new HomelabError("usage", `\`${name}\` is a group of ${vms.length} MicroVMs`, {
      hint: `name one: ${vms.map((each) => each.name).join(", ")}`,
    });
  if (context.options.json && command.length === 0)
    throw new HomelabError("usage", "`--json` is one document, and a login is none", {
      hint: `put a command behind it: \`homelab vm ssh ${vm.name} -- uptime\``,
    });
  const guest = await machines.guest(vm);
  if (context.options.dryRun) return show(context, vm.name, [...callOf(guest), ...lineOf(command)]);
  await refuseDown(vm, machines.of(vm.host));
  try {
    await login(context, vm.name, guest, command);
  } catch (error) {
    throw explained(error, vm.name);
  }
}

async function login(context: Context, id: string, guest: SshMachine, command: string[]): Promise<void> {
  if (!context.options.json) {
    context.exitCode = await guest.foreground(command);
    return;
  }
  const deadline = context.options.timeout ?? MAX_DURATION;
  const result = await guest.run(command, { deadline, keep: KEPT_BYTES });
  if (result.timedOut) throw new HomelabError("timeout", `\`${command[0]}\` did not end in time`);
  context.exitCode = exitCodeOf(result);
  const { stdout, stderr } = result;
  printJson({ version: 1, id, command, exitCode: context.exitCode, stdout, stderr });
}

function show({ options }: Context, id: string, argv: readonly string[]): void {
  if (options.json) printJson({ version: 1, id, command: argv });
  else print(`${argv.map(quoteWord).join(" ")}\n`);
}

const callOf = ({ reach: { settings, address } }: SshMachine): string[] => ["ssh", "-F", settings, address];

/** As ssh takes it: one word, which the other side's shell reads. */
const lineOf = (command: readonly string[]): string[] =>
  command.length === 0 ? [] : [command.map(quoteWord).join(" ")];

/** Says at once that it does not run, instead of waiting for an answer. Throws when its host cannot be reached. */
async function refuseDown({ name }: MicrovmRecipe, host: Machine): Promise<void> {
  const state = await stateOf(host, unitOf(name));
  if (state === undefined || state.load !== "loaded" || isRunning(state)) return;
  throw new HomelabError("unavailable", `\`${name}\` does not run on ${host.name}`, {
    hint: `\`homelab vm start ${name}\` starts it, \`homelab vm logs ${name}\` shows how it ended`,
  });
}

/** Undefined where this machine has no systemd: then the MicroVM is somebody else's, and may run. */
async function stateOf(host: Machine, unit: string) {
  try {
    return (await showUnits(host, [unit])).get(unit);
  } catch (error) {
    if (host.remote || !(error instanceof HomelabError)) throw error;
    return undefined;
  }
}

function explained(error: unknown, name: string): unknown {
  if (!(error instanceof HomelabError) || error.code !== "unavailable") return error;
  const hint = `\`homelab vm network ${name}\` shows how far it can be reached`;
  return new HomelabError(error.code, error.message, {
    hint: error.hint ? `${hint}; ${error.hint}` : hint,
    cause: error,
  });
}
