/** Where an ssh connection goes, as somebody wrote it. What is not named is left to the settings of ssh. */
export interface Destination {
  readonly user?: string | undefined;
  /** Host name, alias of the person's ssh settings, or IP address without brackets. */
  readonly address: string;
  readonly port?: number | undefined;
}

const USER = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const HOST = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;
const IPV6 = /^[0-9A-Fa-f]*:[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?$/;
/** User, then an address in brackets or one without colons, then a port. */
const PARTS = /^(?:([^@]*)@)?(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/;

/**
 * Reads `[user@]host[:port]`, `[user@][v6][:port]`, a bare IPv6 address, and the same behind `ssh://`. Undefined for
 * anything else: above all for what ssh would take for an option, and for blanks and control characters.
 */
export function parseDestination(text: string): Destination | undefined {
  const plain = text.replace(/^ssh:\/\/([^/]*)\/?$/, "$1");
  const bare = /^(?:([^@]*)@)?([^@[\]]+)$/.exec(plain);
  if (bare && IPV6.test(bare[2] ?? "")) return destination(bare[1], bare[2] ?? "", undefined);
  const [all, user, v6, host = "", port] = PARTS.exec(plain) ?? [];
  if (all === undefined) return undefined;
  if (v6 !== undefined ? !IPV6.test(v6) : !HOST.test(host)) return undefined;
  return destination(user, v6 ?? host, port);
}

function destination(
  user: string | undefined,
  address: string,
  port: string | undefined,
): Destination | undefined {
  if (user !== undefined && !USER.test(user)) return undefined;
  const number = port === undefined ? undefined : Number(port);
  if (number !== undefined && (number < 1 || number > 65_535)) return undefined;
  return { user, address, port: number };
}

/** As people write it, with what is named of it. */
export function destinationText({ user, address, port }: Destination): string {
  const host = port !== undefined && address.includes(":") ? `[${address}]` : address;
  return `${user === undefined ? "" : `${user}@`}${host}${port === undefined ? "" : `:${port}`}`;
}
