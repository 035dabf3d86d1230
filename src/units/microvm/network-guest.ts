import { addressText, type Link } from "./links.ts";
import { type Answer, type Check, failed, ok, unknown } from "./network.ts";

/** What was seen from inside of a guest. */
export interface GuestFacts {
  readonly address: string;
  readonly links: readonly Link[] | undefined;
  readonly gateway: string | undefined;
  /** Addresses of its hypervisor, where they are known. */
  readonly hostAddresses: readonly string[];
  readonly pingGateway: Answer;
  /** A well-known address outside. */
  readonly outside: string;
  readonly pingOutside: Answer;
  readonly others: readonly { readonly name: string; readonly address: string; readonly ping: Answer }[];
}

/** What the guest has of its network: from its own address to the others. */
export function checkGuest(facts: GuestFacts): Check[] {
  const { outside, pingOutside, others } = facts;
  return [
    checkOwn(facts),
    checkGateway(facts),
    pinged(
      "inside: outside",
      outside,
      pingOutside,
      "see the lines on forwarding, NAT and the firewall of its host",
    ),
    ...others.map(({ name, address, ping }) =>
      pinged(
        `inside: ${name}`,
        address,
        ping,
        "see forwarding and the firewall of the host; where they are meant to be apart, all is well",
      ),
    ),
  ];
}

function checkOwn({ address, links }: GuestFacts): Check {
  const check = "inside: address";
  if (links === undefined) return unknown(check, "`ip` could not be asked in it");
  const link = links.find(({ addresses }) => addresses.some((each) => each.address === address));
  if (link) return ok(check, `${link.name} is ${link.up ? "up" : "switched off"}, with ${addressText(link)}`);
  const all = links
    .map(addressText)
    .filter((text) => text !== "")
    .join(", ");
  return failed(
    check,
    `no interface in it has ${address}; it has ${all}`,
    "something else answered at its address: see its `address`",
  );
}

function checkGateway({ gateway, links, hostAddresses, pingGateway }: GuestFacts): Check {
  const check = "inside: gateway";
  if (links === undefined) return unknown(check, "`ip` could not be asked in it");
  if (gateway === undefined)
    return failed(
      check,
      "it has no default route",
      "set `Gateway` in its systemd.network, or `networking.defaultGateway`",
    );
  const line = pinged(check, gateway, pingGateway, "it must be the address of the bridge on its host");
  const own = hostAddresses.includes(gateway);
  return own || line.verdict !== "ok" ? line : { ...line, text: `${line.text}, which is not its host` };
}

function pinged(check: string, address: string, ping: Answer, hint: string): Check {
  if ("untried" in ping) return unknown(check, ping.untried);
  return ping.answers
    ? ok(check, `${address} answers`)
    : failed(check, `${address} does not answer: ${ping.said}`, hint);
}
