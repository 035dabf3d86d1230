import { HomelabError } from "../../errors.ts";
import { isTerminal } from "../../os/libc.ts";
import { exitCodeOf, type Machine } from "../../process/machine.ts";
import { listenForSignals, StopSwitch } from "../../run/stop.ts";
import { quoteWord } from "../../ssh/quote.ts";
import { askSystemd, showUnits, systemdTrouble } from "../../systemd/show.ts";
import { isRunning } from "../../units/microvm/decide.ts";
import { unitOf } from "../../units/microvm/driver.ts";
import {
  foregroundCall,
  foregroundUnit,
  helpersOf,
  parseProperties,
  UNIT_PROPERTIES,
} from "../../units/microvm/foreground.ts";
import { asRoot, directoryOf } from "../../units/microvm/install.ts";
import { isAtWork } from "../../units/microvm/orphans.ts";
import { readVmDirs } from "../../units/microvm/state.ts";
import { type Context, print, printJson } from "../context.ts";
import { MAX_DURATION } from "../options.ts";
import { openVms } from "./book.ts";

/** Of what a guest writes on its console, a document has this much: the last part. */
const KEPT_BYTES = 1024 * 1024;
/** systemd's own patience with units of microvm.nix is 150 s. */
const STOP_MS = 160_000;

/** Runs a MicroVM in the foreground, as its unit would: to see it boot. Its helpers are taken up and down around it. */
export async function run(context: Context, words: string[]): Promise<void> {
  const { machines, vms } = await openVms(context, words);
  const [vm] = vms;
  if (!vm || vms.length > 1)
    throw new HomelabError("usage", `\`${words[0]}\` is a group of ${vms.length} MicroVMs`, {
      hint: "the terminal is for one",
    });
  const { name } = vm;
  const machine = machines.of(vm.host);
  const { argv, helpers } = await prepare(name, machine, context);
  if (context.options.dryRun) return show(context, name, helpers, argv);
  await around(machine, { helpers, unit: foregroundUnit(name), vm: unitOf(name) }, () =>
    foreground(context, name, machine, argv),
  );
}

/** What is to be run, and the helpers that are not up yet. Throws `refused` where it cannot be run, or runs already. */
async function prepare(name: string, machine: Machine, { options }: Context) {
  const [unit, own, all] = [unitOf(name), foregroundUnit(name), helpersOf(name)];
  const [states, dirs, shown] = await Promise.all([
    showUnits(machine, [unit, own, ...all]),
    readVmDirs(machine),
    askSystemd(machine, ["show", `--property=${UNIT_PROPERTIES.join(",")}`, "--", unit]),
  ]);
  if (shown.exitCode !== 0) throw systemdTrouble(machine, shown.stderr);
  const busy = [unit, own].find((each) => {
    const state = states.get(each);
    return state !== undefined && isRunning(state);
  });
  if (busy !== undefined)
    throw new HomelabError("refused", `\`${name}\` runs already on ${machine.name}, as ${busy}`, {
      hint:
        busy === unit
          ? `\`homelab vm stop ${name}\` ends it, \`homelab vm logs ${name} -f\` shows its console as it is`
          : `somebody has it in the foreground: \`sudo systemctl stop ${busy}\` ends that`,
    });
  if (!dirs.get(name)?.runners.current)
    throw new HomelabError("refused", `\`${name}\` was never built on ${machine.name}`, {
      hint: `\`homelab vm update ${name}\` builds it and puts it in place`,
    });
  const helpers = all.filter((each) => {
    const state = states.get(each);
    return state?.load === "loaded" && !isRunning(state);
  });
  const terminal = !options.json && isTerminal(0) && isTerminal(1);
  const properties = parseProperties(shown.stdout);
  return {
    helpers,
    argv: foregroundCall({ name, directory: directoryOf(name), shown: properties, terminal }),
  };
}

const startOf = (helpers: readonly string[]): string[] => ["systemctl", "start", "--", ...helpers];
const stopOf = (units: readonly string[]): string[] => ["systemctl", "stop", "--", ...units];

function show({ options }: Context, id: string, helpers: readonly string[], argv: string[]): void {
  const some = helpers.length > 0;
  const commands = [...(some ? [startOf(helpers)] : []), argv, ...(some ? [stopOf(helpers)] : [])];
  if (options.json) printJson({ version: 1, id, commands });
  else print(commands.map((each) => `${each.map(quoteWord).join(" ")}\n`).join(""));
}

/** Takes helpers up, and down again however it ends; by then the guest has ended, too. */
async function around(
  machine: Machine,
  { helpers, unit, vm }: { readonly helpers: readonly string[]; readonly unit: string; readonly vm: string },
  work: () => Promise<void>,
): Promise<void> {
  try {
    if (helpers.length > 0) await asRoot(machine, startOf(helpers));
    await work();
  } finally {
    // It has gone by itself, and is not known then, unless the way to it was lost.
    await machine.run(stopOf([unit]), { deadline: STOP_MS, root: true });
    if (helpers.length > 0 && !(await isWanted(machine, vm))) await asRoot(machine, stopOf(helpers));
  }
}

/** Whether somebody has started its own unit meanwhile, which ends the one in the foreground and takes over its helpers. */
async function isWanted(machine: Machine, vm: string): Promise<boolean> {
  const state = (await showUnits(machine, [vm])).get(vm);
  return state !== undefined && isAtWork(state);
}

async function foreground(context: Context, id: string, machine: Machine, argv: string[]): Promise<void> {
  const { options, messages } = context;
  const stop = new StopSwitch();
  const disconnect = listenForSignals(stop, () => {});
  messages.info(
    `\`${id}\` runs in the foreground until it shuts down; from elsewhere, \`sudo systemctl stop ${foregroundUnit(id)}\` ends it`,
  );
  try {
    if (!options.json) {
      const ended = machine.foreground(argv, { root: true });
      // A signal to us alone, as from a closed terminal, ends the guest; the call returns with it.
      stop.stop.addEventListener("abort", () => void endFrom(machine, id));
      context.exitCode = await ended;
      return;
    }
    const deadline = options.timeout ?? MAX_DURATION;
    const result = await machine.run(argv, { deadline, keep: KEPT_BYTES, signal: stop.stop, root: true });
    context.exitCode =
      stop.cause === "SIGINT" ? 130 : stop.cause ? 143 : result.timedOut ? 124 : exitCodeOf(result);
    const { stdout, stderr, timedOut } = result;
    printJson({ version: 1, id, exitCode: context.exitCode, timedOut, stdout, stderr });
  } finally {
    disconnect();
  }
}

async function endFrom(machine: Machine, id: string): Promise<void> {
  try {
    await machine.run(stopOf([foregroundUnit(id)]), { deadline: STOP_MS, root: true });
  } catch (error) {
    // It is stopped once more in the end, which tells what is wrong.
    if (!(error instanceof HomelabError)) throw error;
  }
}
