/** Something that a firewall lets in. */
export interface Opening {
  /** `any`: all that the interface or the source brings. */
  readonly protocol: string;
  /** `80`, `6000-6010`; undefined for all. */
  readonly port: string | undefined;
  /** Undefined: on all interfaces; `not eth0`: on all but one. */
  readonly interface: string | undefined;
  /** Undefined: from everywhere. */
  readonly from: string | undefined;
}

/** The firewall of a system; undefined where it has none. */
export type Firewall = readonly Opening[] | undefined;

/** `tcp 80 on all interfaces`, `everything on tailscale0 from 10.0.0.0/8`. */
export function openingText({ protocol, port, interface: name, from }: Opening): string {
  const what =
    port === undefined ? (protocol === "any" ? "everything" : `all ${protocol}`) : `${protocol} ${port}`;
  const where = (name ?? "all interfaces").replace(/^not /, "all interfaces but ");
  return `${what} on ${where}${from === undefined ? "" : ` from ${from.replace(/^not /, "all but ")}`}`;
}

/** What comes in where there are two firewalls: each has to let it in. */
export function behindOneAnother(one: Firewall, other: Firewall): Firewall {
  if (!one || !other) return one ?? other;
  const both = (these: readonly Opening[], those: readonly Opening[]) =>
    these.filter((narrow) => those.some((wide) => covers(wide, narrow)));
  return [...both(one, other), ...both(other, one)];
}

/** What a switch does to the firewall, in words. */
export interface FirewallChange {
  readonly opens: readonly string[];
  readonly closes: readonly string[];
  readonly switched: "on" | "off" | undefined;
}

/** Compares two firewalls. Where there was none before, nothing is opened by one: all was open. */
export function firewallChange(before: Firewall, after: Firewall): FirewallChange {
  if (!before || !after) {
    const switched = before ? "off" : after ? "on" : undefined;
    return { opens: [], closes: [], switched };
  }
  return { opens: only(after, before), closes: only(before, after), switched: undefined };
}

function only(these: readonly Opening[], those: readonly Opening[]): string[] {
  const left = these.filter((one) => !those.some((other) => covers(other, one)));
  return [...new Set(left.map(openingText))];
}

/** Whether all that one lets in is let in by another. */
function covers(wide: Opening, narrow: Opening): boolean {
  if (wide.interface !== undefined && wide.interface !== narrow.interface) return false;
  if (wide.from !== undefined && wide.from !== narrow.from) return false;
  if (wide.protocol !== "any" && wide.protocol !== narrow.protocol) return false;
  if (wide.port === undefined || wide.port === narrow.port) return true;
  const [outer, inner] = [rangeOf(wide.port), rangeOf(narrow.port ?? "")];
  return outer !== undefined && inner !== undefined && outer[0] <= inner[0] && inner[1] <= outer[1];
}

function rangeOf(port: string): [number, number] | undefined {
  const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(port) ?? [];
  return first === undefined ? undefined : [Number(first), Number(last)];
}
