import type { ErrorCode } from "../../errors.ts";
import { addressText, isIn, type Link } from "./links.ts";

/** `unknown`: it could not be looked at, or says nothing by itself. */
export type Verdict = "ok" | "failed" | "unknown";

/** One line of the checklist. */
export interface Check {
  readonly check: string;
  readonly verdict: Verdict;
  /** What was seen. */
  readonly text: string;
  /** What to do about it. */
  readonly hint?: string | undefined;
  /** Of the error that kept it from being looked at. */
  readonly code?: ErrorCode | undefined;
}

/** Whether something answered; what was said instead; undefined where it was not asked. */
export type Answer = { readonly answers: boolean; readonly said: string } | { readonly untried: string };

/** What is known of a MicroVM's network from its hypervisor. */
export interface HostFacts {
  readonly name: string;
  readonly machine: string;
  readonly address: string | undefined;
  readonly running: boolean;
  /** Its TAP interfaces; undefined where no runner says which. */
  readonly taps: readonly string[] | undefined;
  /** Undefined where they could not be asked for. */
  readonly links: readonly Link[] | undefined;
  readonly route: { readonly device: string; readonly gateway: string | undefined } | undefined;
  readonly forwarding: boolean | undefined;
  /** Whether a rule of the packet filter masquerades; undefined where it could not be read. */
  readonly masquerade: boolean | undefined;
  readonly ping: Answer;
  readonly ssh: Answer;
}

export const ok = (check: string, text: string): Check => ({ check, verdict: "ok", text });
export const failed = (check: string, text: string, hint: string): Check => ({
  check,
  verdict: "failed",
  text,
  hint,
});
export const unknown = (check: string, text: string, hint?: string): Check => ({
  check,
  verdict: "unknown",
  text,
  hint,
});

const NO_IP = "`ip` could not be asked there";
const NO_ADDRESS = "its recipe has no `address`";

/** What its hypervisor has of it: from the interface to the ssh port. */
export function checkHost(facts: HostFacts): Check[] {
  return [
    checkUnit(facts),
    ...checkTaps(facts),
    checkBridge(facts),
    checkNetwork(facts),
    checkRoute(facts),
    checkForwarding(facts),
    checkMasquerade(facts),
    checkPing(facts),
    checkSsh(facts),
  ];
}

const checkUnit = ({ name, machine, running }: HostFacts): Check =>
  running
    ? ok("unit", `microvm@${name}.service runs on ${machine}`)
    : failed(
        "unit",
        `microvm@${name}.service does not run on ${machine}`,
        `\`homelab vm start ${name}\` starts it, \`homelab vm logs ${name}\` shows how it ended`,
      );

function checkTaps({ name, running, taps, links }: HostFacts): Check[] {
  if (taps === undefined)
    return [
      unknown("TAP interface", "no runner says which it has", `\`homelab vm update ${name}\` builds one`),
    ];
  if (taps.length === 0) return [unknown("TAP interface", "it has none: its network is not on this list")];
  if (links === undefined) return [unknown("TAP interface", NO_IP)];
  return taps.map((tap) =>
    checkTap(
      name,
      running,
      links.find((link) => link.name === tap),
      tap,
    ),
  );
}

function checkTap(name: string, running: boolean, link: Link | undefined, tap: string): Check {
  const check = "TAP interface";
  if (!link) {
    if (!running) return unknown(check, `${tap} is not there: it comes when the MicroVM starts`);
    return failed(
      check,
      `${tap} is not there`,
      `\`journalctl -u microvm-tap-interfaces@${name}\` says why; \`homelab vm restart ${name}\` makes it anew`,
    );
  }
  if (!link.up)
    return failed(
      check,
      `${tap} is switched off`,
      `\`sudo ip link set ${tap} up\`, and in its configuration for good`,
    );
  if (link.master !== undefined)
    return ok(check, `${tap} is up, in ${link.master}${link.carrier ? "" : ", and nobody uses it"}`);
  if (addressText(link) !== "") return ok(check, `${tap} is up, in no bridge, with ${addressText(link)}`);
  return failed(
    check,
    `${tap} is up, but in no bridge`,
    `\`sudo ip link set ${tap} master BRIDGE\`; systemd.network or \`networking.bridges\` of its host does it for good`,
  );
}

/** The interface that stands for the MicroVM's network on its host: the TAP's bridge, else the one in whose network it is. */
function bridgeOf({
  taps = [],
  links = [],
  address,
}: Pick<HostFacts, "taps" | "links" | "address">): Link | undefined {
  const tap = links.find(({ name }) => taps.includes(name));
  const own = links.find(({ name }) => name === tap?.master);
  if (own) return own;
  if (tap && addressText(tap) !== "") return tap;
  if (address === undefined) return undefined;
  return links.find(({ addresses }) => addresses.some((each) => isIn(address, each)));
}

const isAnswer = (answer: Answer): boolean => "answers" in answer && answer.answers;

function checkBridge(facts: HostFacts): Check {
  const { links, machine, ping } = facts;
  if (links === undefined) return unknown("bridge", NO_IP);
  const bridge = bridgeOf(facts);
  if (!bridge) return unknown("bridge", `no bridge of ${machine} is known to be the MicroVM's`);
  const { name } = bridge;
  if (!bridge.up) return failed("bridge", `${name} is switched off`, `\`sudo ip link set ${name} up\``);
  const own = addressText(bridge);
  if (own !== "") return ok("bridge", `${name} is up, with ${own}`);
  const hint = `give it the gateway's address: \`sudo ip addr add …/24 dev ${name}\`, and in the host's configuration for good`;
  return {
    ...failed("bridge", `${name} has no address`, hint),
    verdict: isAnswer(ping) ? "unknown" : "failed",
  };
}

function checkNetwork(facts: HostFacts): Check {
  const { name, address, links } = facts;
  const check = "address";
  if (address === undefined)
    return unknown(check, NO_ADDRESS, `add \`address: …\` to \`${name}\` in \`microvms:\``);
  if (links === undefined) return unknown(check, NO_IP);
  const bridge = bridgeOf(facts);
  const own = bridge && addressText(bridge);
  if (!bridge || !own) return unknown(check, `nothing here says which network ${address} is in`);
  if (bridge.addresses.some((each) => isIn(address, each)))
    return ok(check, `${address} is in the network of ${bridge.name}`);
  return failed(
    check,
    `${address} is not in the network of ${bridge.name} (${own})`,
    "correct `address` in its recipe, or the address of the bridge",
  );
}

function checkRoute(facts: HostFacts): Check {
  const { address, route, links, machine } = facts;
  if (address === undefined) return unknown("route", NO_ADDRESS);
  if (links === undefined) return unknown("route", NO_IP);
  const hint = `\`ip route get ${address}\` there shows it; the bridge's own address makes the right one`;
  if (!route) return failed("route", `${machine} has no route to ${address}`, hint);
  const bridge = bridgeOf(facts);
  if (!bridge || bridge.name === route.device)
    return ok("route", `${machine} reaches ${address} by ${route.device}`);
  const by = route.gateway === undefined ? route.device : `${route.device} and ${route.gateway}`;
  return failed("route", `${machine} looks for ${address} by ${by}, and not by ${bridge.name}`, hint);
}

function checkForwarding({ address, forwarding, machine }: HostFacts): Check {
  const six = address?.includes(":") === true;
  const key = six ? "net.ipv6.conf.all.forwarding" : "net.ipv4.ip_forward";
  if (forwarding === undefined) return unknown("forwarding", `${key} could not be read`);
  return forwarding
    ? ok("forwarding", `${machine} passes packets on (${key})`)
    : failed(
        "forwarding",
        `${machine} passes no packets on: nothing goes out`,
        `set \`boot.kernel.sysctl."${key}" = 1\` or \`networking.nat.enable\` there, and switch`,
      );
}

function checkMasquerade({ masquerade, machine }: HostFacts): Check {
  if (masquerade === undefined)
    return unknown("NAT", "the packet filter's rules could not be read", "run it as root to see them");
  return masquerade
    ? ok("NAT", `${machine} masquerades packets`)
    : unknown(
        "NAT",
        `no rule of ${machine} masquerades: others see the MicroVM's own address`,
        "where nobody else knows the way back to it, set `networking.nat` on the host",
      );
}

function checkPing({ name, address, machine, running, ping }: HostFacts): Check {
  if ("untried" in ping) return unknown("ping", ping.untried);
  if (ping.answers) return ok("ping", `${address} answers ${machine}`);
  const hint = running
    ? `\`homelab vm logs ${name}\` shows whether it has booted, and with which address`
    : `it does not run: \`homelab vm start ${name}\``;
  return failed("ping", `${address} does not answer ${machine}: ${ping.said}`, hint);
}

function checkSsh({ name, address, running, ssh }: HostFacts): Check {
  if ("untried" in ssh) return unknown("ssh", ssh.untried);
  if (ssh.answers) return ok("ssh", `port 22 of ${address} takes connections`);
  const hint = running
    ? "see that it runs sshd (`services.openssh.enable`), and that its firewall lets port 22 through"
    : `it does not run: \`homelab vm start ${name}\``;
  return failed("ssh", ssh.said, hint);
}
