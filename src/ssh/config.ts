import type { Destination } from "./destination.ts";
import { quoteWord } from "./quote.ts";

/** How one host is reached. */
export interface Route {
  readonly to: Destination;
  /** Absolute path of the private key that is to be used; without it, those of the agent and of the person's settings. */
  readonly identity?: string | undefined;
  /** The host to go through: its settings file and its address. */
  readonly jump?: { readonly file: string; readonly address: string } | undefined;
}

export interface Settings {
  /** Directory of the control sockets. */
  readonly directory: string;
  /** Distinguishes connections that ssh itself would take for the same one: at most ten letters. */
  readonly id: string;
  /** The person's own settings and the system's, which are read after ours. Files that are not there are left out. */
  readonly include: readonly string[];
}

/** Seconds. */
const CONNECT_TIMEOUT = 10;
const ALIVE_INTERVAL = 5;
const ALIVE_COUNT = 3;
const PERSIST = 60;

/**
 * The ssh_config(5) file of one host. ssh is then called with the address as it was written, so that the aliases, keys
 * and known hosts of the person's own settings hold for it. The first value of an option wins: ours stand first, and
 * what is about this host stands in its own block, so that a jump host of the person's own is none of it.
 */
export function sshConfig({ to, identity, jump }: Route, { directory, id, include }: Settings): string {
  const host = [
    to.user && `User ${to.user}`,
    to.port && `Port ${to.port}`,
    identity && `IdentityFile ${path(identity)}`,
    identity && "IdentitiesOnly yes",
    jump && proxy(jump),
    `ControlPath ${path(`${directory}/`, `${id}-%C`)}`,
    "ControlMaster auto",
    `ControlPersist ${PERSIST}`,
    "RequestTTY no",
    "RemoteCommand none",
  ].filter((line) => line !== undefined && line !== 0 && line !== "");
  const all = [
    "BatchMode yes",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "StrictHostKeyChecking yes",
    `ConnectTimeout ${CONNECT_TIMEOUT}`,
    `ServerAliveInterval ${ALIVE_INTERVAL}`,
    `ServerAliveCountMax ${ALIVE_COUNT}`,
    "ForwardAgent no",
    "ForwardX11 no",
    "ClearAllForwardings yes",
  ];
  return [
    "# Written by homelab for its own connections. It is written anew when it is needed.",
    `Host ${to.address}`,
    ...host.map((line) => `  ${line}`),
    "Match all",
    ...all.map((line) => `  ${line}`),
    // Patterns of files, in which a percent sign is one.
    ...include.map((file) => `  Include "${file.replace(/["\\*?[]/g, "\\$&")}"`),
    "",
  ].join("\n");
}

/** Not ProxyJump: it would hand the settings of this host to the jump host. ssh gives the line to a shell. */
const proxy = ({ file, address }: NonNullable<Route["jump"]>): string =>
  `ProxyCommand ssh -F ${quoteWord(file).replaceAll("%", "%%")} -W '[%h]:%p' -- ${address}`;

/** A path as ssh_config reads it: in quotes, with its percent signs and quotes kept from meaning anything. */
function path(literal: string, tokens = ""): string {
  const plain = literal.replaceAll("%", "%%").replace(/["\\]/g, "\\$&");
  return `"${plain}${tokens}"`;
}
