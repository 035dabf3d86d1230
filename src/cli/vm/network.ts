import type { MicrovmRecipe } from "../../book/types.ts";
import { EXIT_CODES, HomelabError } from "../../errors.ts";
import type { Style } from "../../report/style.ts";
import { table } from "../../report/table.ts";
import type { Machines } from "../../ssh/machines.ts";
import { type Check, checkHost, type HostFacts } from "../../units/microvm/network.ts";
import { askGuest, askHost, askHypervisor } from "../../units/microvm/network-facts.ts";
import { checkGuest } from "../../units/microvm/network-guest.ts";
import { type Context, print, printJson } from "../context.ts";
import { openVms } from "./book.ts";

interface Checked {
  readonly vm: MicrovmRecipe;
  readonly host: string;
  readonly checks: readonly Check[];
}

/** Goes through the network of MicroVMs as a person would: on the host first, then in the guest. */
export async function run(context: Context, words: string[]): Promise<void> {
  const { book, machines, vms } = await openVms(context, words);
  // Each pings each: only where they were asked for together.
  const asked = words.length > 1 ? vms : [];
  const groups = [...Map.groupBy(vms, ({ host }) => machines.of(host))];
  const checked = (
    await Promise.all(groups.map(async ([machine, there]) => checkAll(machines, machine, there, asked)))
  ).flat();
  const inOrder = vms.flatMap((vm) => checked.filter((each) => each.vm === vm));
  if (context.options.json) printJson(document(book.root, inOrder));
  else if (vms.length === 0) context.messages.info("there are no MicroVMs here");
  else print(inOrder.map((each) => text(each, context)).join(""));
  context.exitCode = exitOf(inOrder.flatMap(({ checks }) => checks));
}

async function checkAll(
  machines: Machines,
  machine: ReturnType<Machines["of"]>,
  vms: readonly MicrovmRecipe[],
  asked: readonly MicrovmRecipe[],
): Promise<Checked[]> {
  try {
    const hypervisor = await askHypervisor(machine, vms);
    return await Promise.all(
      vms.map(async (vm): Promise<Checked> => {
        const facts = await askHost(hypervisor, vm);
        const others = asked.filter((other) => other !== vm);
        const checks = [...checkHost(facts), ...(await inside(machines, vm, facts, others))];
        return { vm, host: machine.name, checks };
      }),
    );
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
    const checks = [broken("host", "failed", error)];
    return vms.map((vm) => ({ vm, host: machine.name, checks }));
  }
}

/** What its guest sees; only where it can be logged into. */
async function inside(
  machines: Machines,
  vm: MicrovmRecipe,
  { ssh, links = [] }: HostFacts,
  others: readonly MicrovmRecipe[],
): Promise<Check[]> {
  const check = "login";
  const { name, address } = vm;
  const hint = `the lines above say what keeps \`${name}\` from answering`;
  if (address === undefined || !("answers" in ssh) || !ssh.answers)
    return [{ check, verdict: "unknown", text: "what it looks like inside cannot be asked", hint }];
  try {
    const hostAddresses = links.flatMap(({ addresses }) => addresses.map((each) => each.address));
    const guest = await machines.guest(vm);
    const facts = await askGuest(guest, address, { hostAddresses, others });
    return [{ check, verdict: "ok", text: "ssh lets us in" }, ...checkGuest(facts)];
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
    // It answers: that we are not let in is no trouble of the network.
    return [broken(check, error.code === "unavailable" ? "failed" : "unknown", error)];
  }
}

const broken = (check: string, verdict: Check["verdict"], { message, hint, code }: HomelabError): Check => ({
  check,
  verdict,
  text: message,
  hint,
  code,
});

/** A failure that has a code of its own keeps it when nothing else failed beside it. */
function exitOf(checks: readonly Check[]): number {
  const failed = checks.filter(({ verdict }) => verdict === "failed");
  const codes = new Set(failed.map(({ code = "step-failed" }) => EXIT_CODES[code]));
  const [only = 0] = codes;
  return codes.size > 1 ? EXIT_CODES["step-failed"] : only;
}

const count = (checks: readonly Check[], wanted: Check["verdict"]): number =>
  checks.filter(({ verdict }) => verdict === wanted).length;

const WORDS = { ok: "ok", failed: "failed", unknown: "not known" } as const;

function text({ vm, host, checks }: Checked, { out: s, options }: Context): string {
  const shown = checks.filter(({ verdict }) => !options.quiet || verdict === "failed");
  if (options.quiet && shown.length === 0) return "";
  const paint = paints(s);
  const rows = shown.flatMap(({ check, verdict, text: seen, hint }) => [
    [`  ${paint[verdict](WORDS[verdict])}`, check, seen],
    ...(hint === undefined ? [] : [["", "", s.dim(`→ ${hint}`)]]),
  ]);
  const place = [vm.address, `on ${host}`].filter(Boolean).join(" ");
  const sums = [
    `${count(checks, "ok")} ok`,
    `${count(checks, "failed")} failed`,
    `${count(checks, "unknown")} not known`,
  ];
  return `${s.bold(vm.name)} (${place}): ${sums.join(", ")}\n${table(rows, { style: s })}`;
}

const paints = (s: Style) => ({ ok: s.green, failed: s.red, unknown: s.yellow });

const document = (root: string, all: readonly Checked[]) => ({
  version: 1,
  root,
  vms: all.map(({ vm, host, checks }) => ({
    id: vm.name,
    host,
    address: vm.address ?? null,
    failed: count(checks, "failed"),
    checks: checks.map(({ check, verdict, text: seen, hint }) => ({
      check,
      verdict,
      text: seen,
      hint: hint ?? null,
    })),
  })),
});
