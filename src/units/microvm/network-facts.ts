import type { MicrovmRecipe } from "../../book/types.ts";
import { HomelabError } from "../../errors.ts";
import type { Machine } from "../../process/machine.ts";
import type { ProcessResult } from "../../process/runner.ts";
import { showInstances } from "../../systemd/show.ts";
import { probeFrom } from "../probe-from.ts";
import { isRunning } from "./decide.ts";
import { unitOf } from "./driver.ts";
import { directoryOf } from "./install.ts";
import { type Link, parseGateway, parseLinks, parsePlainLinks, parseRoute } from "./links.ts";
import type { Answer, HostFacts } from "./network.ts";
import type { GuestFacts } from "./network-guest.ts";
import { readVmDirs } from "./state.ts";

const DEADLINE_MS = 20_000;
/** Seconds until a ping counts as lost. */
const PING_S = 2;

/** What all MicroVMs of a hypervisor have in common, asked once. */
export interface Hypervisor {
  readonly machine: Machine;
  readonly links: readonly Link[] | undefined;
  readonly forwarding: { readonly four: boolean | undefined; readonly six: boolean | undefined };
  readonly masquerade: boolean | undefined;
  readonly running: ReadonlySet<string>;
  readonly taps: ReadonlyMap<string, readonly string[]>;
}

/** Asks a hypervisor for what its MicroVMs have in common. Throws where it cannot be asked at all. */
export async function askHypervisor(machine: Machine, vms: readonly MicrovmRecipe[]): Promise<Hypervisor> {
  const names = vms.map(({ name }) => name);
  const [states, dirs, address, four, six, masquerade] = await Promise.all([
    showInstances(machine, names.map(unitOf)),
    readVmDirs(machine),
    ask(machine, ["ip", "-json", "address"]),
    ask(machine, ["cat", "/proc/sys/net/ipv4/ip_forward"]),
    ask(machine, ["cat", "/proc/sys/net/ipv6/conf/all/forwarding"]),
    askMasquerade(machine),
  ]);
  const built = names.filter((name) => dirs.get(name)?.runners.current);
  const up = names.filter((name) => {
    const state = states.get(unitOf(name));
    return state !== undefined && isRunning(state);
  });
  return {
    machine,
    links: address?.exitCode === 0 ? parseLinks(address.stdout) : undefined,
    forwarding: { four: switchOf(four), six: switchOf(six) },
    masquerade,
    running: new Set(up),
    taps: await askTaps(machine, built),
  };
}

const switchOf = (asked: ProcessResult | undefined): boolean | undefined =>
  asked?.exitCode === 0 ? asked.stdout.trim() === "1" : undefined;

/** Runs what only looks. Undefined where the program is missing, or may not be run. */
async function ask(
  machine: Machine,
  argv: readonly string[],
  root = false,
): Promise<ProcessResult | undefined> {
  try {
    const result = await machine.run(argv, { deadline: DEADLINE_MS, root, keep: 4 * 1024 * 1024 });
    return result.exitCode === 127 || result.timedOut ? undefined : result;
  } catch (error) {
    // Whether the machine can be reached has been asked before: this line alone is not known then.
    if (!(error instanceof HomelabError)) throw error;
    return undefined;
  }
}

async function askMasquerade(machine: Machine): Promise<boolean | undefined> {
  const nft = await ask(machine, ["nft", "list", "ruleset"], true);
  const rules = nft?.exitCode === 0 ? nft : await ask(machine, ["iptables-save", "-t", "nat"], true);
  return rules?.exitCode === 0 ? /\bmasquerade\b/i.test(rules.stdout) : undefined;
}

/** The names in each runner's `tap-interfaces` and `macvtap-interfaces`, read in one go. */
async function askTaps(machine: Machine, names: readonly string[]): Promise<Map<string, string[]>> {
  const taps = new Map(names.map((name): [string, string[]] => [name, []]));
  if (names.length === 0) return taps;
  const places = names.flatMap((name) =>
    ["tap", "macvtap"].map((kind) => `${directoryOf(name)}/current/share/microvm/${kind}-interfaces`),
  );
  const found = await ask(machine, ["grep", "--no-messages", "--with-filename", "--", ".", ...places]);
  for (const line of found?.stdout.split("\n") ?? []) {
    const [, name = "", words = ""] = /^\/var\/lib\/microvms\/([^/]+)\/[^:]+:(.*)$/.exec(line) ?? [];
    taps.get(name)?.push(...words.split(/\s+/).filter(Boolean));
  }
  return taps;
}

/** What a hypervisor has of one MicroVM. */
export async function askHost(
  { machine, links, forwarding, masquerade, running, taps }: Hypervisor,
  { name, address }: MicrovmRecipe,
): Promise<HostFacts> {
  const six = address?.includes(":") === true;
  const untried = { untried: "its recipe has no `address`" };
  const [route, ping, ssh] = await Promise.all([
    address === undefined ? undefined : ask(machine, ["ip", "-json", "route", "get", address]),
    address === undefined ? untried : pingFrom(machine, address),
    address === undefined ? untried : sshFrom(machine, address),
  ]);
  return {
    ...{ name, machine: machine.name, address, links, masquerade, ping, ssh },
    running: running.has(name),
    taps: taps.get(name),
    route: route?.exitCode === 0 ? parseRoute(route.stdout) : undefined,
    forwarding: six ? forwarding.six : forwarding.four,
  };
}

async function pingFrom(machine: Machine, address: string): Promise<Answer> {
  const asked = await ask(machine, ["ping", "-c", "1", "-W", String(PING_S), address]);
  if (!asked) return { untried: "`ping` could not be run there" };
  const said =
    asked.stderr
      .trim()
      .split("\n")[0]
      ?.replace(/^ping: /, "") || "no answer";
  if (asked.exitCode !== 0 && /not permitted|denied/.test(said))
    return { untried: `\`ping\` may not be run: ${said}` };
  return { answers: asked.exitCode === 0, said };
}

async function sshFrom(machine: Machine, address: string): Promise<Answer> {
  const place = `${address.includes(":") ? `[${address}]` : address}:22`;
  const said = await probeFrom(machine, { tcp: place }, { env: {}, cwd: "/" });
  return { answers: said === undefined, said: said ?? "" };
}

/** What a guest has of its network. Throws where there is no login. */
export async function askGuest(
  guest: Machine,
  address: string,
  {
    hostAddresses,
    others,
  }: { readonly hostAddresses: readonly string[]; readonly others: readonly MicrovmRecipe[] },
): Promise<GuestFacts> {
  // The first one makes the connection, and says what is wrong with it.
  const shown = await guest.run(["ip", "address"], { deadline: DEADLINE_MS });
  const routed = await ask(guest, ["ip", ...(address.includes(":") ? ["-6"] : []), "route"]);
  const gateway = routed && parseGateway(routed.stdout);
  const outside = address.includes(":") ? "2606:4700:4700::1111" : "1.1.1.1";
  const [pingGateway, pingOutside, ...pings] = await Promise.all([
    gateway === undefined ? { untried: "it has no gateway" } : pingFrom(guest, gateway),
    pingFrom(guest, outside),
    ...others.map(({ address: other }) =>
      other === undefined ? { untried: "its recipe has no `address`" } : pingFrom(guest, other),
    ),
  ]);
  const each = others.map(({ name, address: other = "?" }, index) => {
    const ping = pings[index] ?? { untried: "it was not tried" };
    return { name, address: other, ping };
  });
  const links = shown.exitCode === 0 ? parsePlainLinks(shown.stdout) : undefined;
  return { address, links, gateway, hostAddresses, pingGateway, outside, pingOutside, others: each };
}
