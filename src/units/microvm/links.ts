import { BlockList, isIP } from "node:net";

/** A network interface, of a hypervisor or inside of a guest. */
export interface Link {
  readonly name: string;
  /** Switched on; with no carrier nothing is at its other end. */
  readonly up: boolean;
  readonly carrier: boolean;
  /** The bridge that it is in. */
  readonly master: string | undefined;
  readonly addresses: readonly Address[];
}

export interface Address {
  readonly address: string;
  readonly prefix: number;
}

interface IpLink {
  readonly ifname?: unknown;
  readonly flags?: unknown;
  readonly master?: unknown;
  readonly addr_info?: unknown;
}

/** Reads `ip -json address`. Undefined for what is none. */
export function parseLinks(text: string): Link[] | undefined {
  const read = jsonList(text);
  return read?.flatMap((each) => {
    const { ifname, flags, master, addr_info: infos } = each as IpLink;
    if (typeof ifname !== "string") return [];
    const words = Array.isArray(flags) ? flags : [];
    const addresses = (Array.isArray(infos) ? infos : []).flatMap(
      ({ local, prefixlen }: { local?: unknown; prefixlen?: unknown }) =>
        typeof local === "string" && typeof prefixlen === "number"
          ? [{ address: local, prefix: prefixlen }]
          : [],
    );
    return [
      {
        name: ifname,
        up: words.includes("UP"),
        carrier: words.includes("LOWER_UP"),
        master: typeof master === "string" ? master : undefined,
        addresses,
      },
    ];
  });
}

/** Reads `ip address` as it is for people, which BusyBox has as well. */
export function parsePlainLinks(text: string): Link[] {
  const links: (Link & { addresses: Address[] })[] = [];
  for (const line of text.split("\n")) {
    const head = /^\d+: ([^:@\s]+)(?:@\S+)?: <([^>]*)>(.*)$/.exec(line);
    const address = /^\s+inet6? ([0-9a-fA-F.:]+)\/(\d+)/.exec(line);
    if (head) {
      const [, name = "", flags = "", rest = ""] = head;
      const words = flags.split(",");
      const master = / master (\S+)/.exec(rest)?.[1];
      links.push({
        name,
        up: words.includes("UP"),
        carrier: words.includes("LOWER_UP"),
        master,
        addresses: [],
      });
    } else if (address) {
      links.at(-1)?.addresses.push({ address: address[1] ?? "", prefix: Number(address[2]) });
    }
  }
  return links;
}

/** The interface that `ip -json route get ADDRESS` names, and whether it takes another router. */
export function parseRoute(text: string): { device: string; gateway: string | undefined } | undefined {
  const [first] = jsonList(text) ?? [];
  const { dev, gateway } = (first ?? {}) as { dev?: unknown; gateway?: unknown };
  if (typeof dev !== "string") return undefined;
  return { device: dev, gateway: typeof gateway === "string" ? gateway : undefined };
}

/** The router of the default route in `ip route` as it is for people. */
export const parseGateway = (text: string): string | undefined => /^default via (\S+)/m.exec(text)?.[1];

function jsonList(text: string): unknown[] | undefined {
  try {
    const read: unknown = JSON.parse(text);
    return Array.isArray(read) ? read : undefined;
  } catch {
    // An older `ip`, or one that failed.
    return undefined;
  }
}

/** Whether an address is in the network that an interface's address stands for. */
export function isIn(address: string, { address: net, prefix }: Address): boolean {
  const [version, other] = [isIP(address), isIP(net)];
  if (version === 0 || version !== other) return false;
  const family = version === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(net, prefix, family);
  return list.check(address, family);
}

/** `10.1.0.1/24`, several joined; those that every interface has by itself are left out. */
export const addressText = ({ addresses }: Link): string =>
  addresses
    .filter(({ address }) => !address.toLowerCase().startsWith("fe80:"))
    .map(({ address, prefix }) => `${address}/${prefix}`)
    .join(", ");
