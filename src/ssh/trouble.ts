import { HomelabError } from "../errors.ts";
import { type Destination, destinationText } from "./destination.ts";

/** Whom ssh was to reach. */
export interface Peer {
  /** What the recipes call it. */
  readonly name: string;
  readonly to: Destination;
  readonly identity?: string | undefined;
  /** Name of the host that it is reached through. */
  readonly through?: string | undefined;
}

/** How a call of ssh that gave 255 ended, as its log (level DEBUG3) has it. */
export type End =
  /** The program on the other side gave 255 itself. */
  | { readonly kind: "status" }
  /** The shared connection gave no status: a signal ended the program there, or the connection is gone. */
  | { readonly kind: "no-status"; readonly master: number | undefined }
  /** A connection of its own that went away while the program ran. */
  | { readonly kind: "lost" }
  /** ssh itself failed. */
  | { readonly kind: "failed" };

/** Tells the remote program's own 255 from a failure of ssh. `stderr` is what came over both ways. */
export function endOf(log: string, stderr: string): End {
  if (/^debug\d: (?:Received exit status from master|Exit status) 255$/m.test(log)) return { kind: "status" };
  if (log.includes("Control master terminated unexpectedly")) {
    const pid = /request_alive: done pid = (\d+)/.exec(log)?.[1];
    return { kind: "no-status", master: pid === undefined ? undefined : Number(pid) };
  }
  if (!/^debug1: Exit status -1$/m.test(log)) return { kind: "failed" };
  const lost = /^Connection to .+ closed by remote host\.\r?$/m;
  return { kind: lost.test(stderr) || lost.test(log) ? "lost" : "status" };
}

/** Fingerprint of the key that let us in, as a log of level DEBUG1 has it; undefined when it was no key. */
export const acceptedKey = (log: string): string | undefined =>
  log
    .match(/^debug1: Server accepts key: .*?SHA256:\S+/gm)
    ?.at(-1)
    ?.replace(/^.*(?=SHA256:)/, "");

interface Said {
  readonly code: "refused" | "unavailable" | "permission" | "not-configured";
  readonly message: string;
  readonly hint: string;
}
type Words = (found: RegExpExecArray, peer: Peer, log: string) => Said;

/** The first pattern that is found in ssh's messages says what is wrong. */
const TROUBLES: readonly [RegExp, Words][] = [
  [
    /REVOKED HOST KEY DETECTED/,
    (_, peer) => ({
      code: "refused",
      message: `the host key of ${where(peer)} is marked as revoked in known_hosts`,
      hint: "another machine may answer that has stolen it: give the host a new key",
    }),
  ],
  [/REMOTE HOST IDENTIFICATION HAS CHANGED/, (_, peer, log) => changedKey(peer, log)],
  [/No \S+ host key is known for|Host key verification failed/, (_, peer) => unknownKey(peer)],
  [
    /Could not resolve hostname (.+?): /,
    ([, host], { name }) =>
      unavailable(
        `the host name \`${host}\` of ${name} is not known`,
        "check its `address`, and the network's DNS",
      ),
  ],
  [/Connection refused/, (_, peer) => unavailable(`${where(peer)} refuses connections`, serves(peer))],
  [/timed? ?out/i, (_, peer) => unavailable(`${where(peer)} does not answer`, serves(peer))],
  [
    /No route to host|Network is unreachable|Host is down|Can't assign requested address/,
    ([what = ""], peer) =>
      unavailable(`there is no way to ${where(peer)}: ${what.toLowerCase()}`, serves(peer)),
  ],
  [
    /Permissions (\d+) for '(.+)' are too open/,
    ([, mode, file], { name }) =>
      permission(
        `ssh does not use the key ${file} for ${name}: others may read it (mode ${mode})`,
        `chmod 600 ${file}`,
      ),
  ],
  [
    /no such identity: (.+?): /,
    ([, file], { name }) =>
      permission(
        `there is no key ${file}, which is to open ${name}`,
        "correct `identity` in the recipe, or make the key with `ssh-keygen`",
      ),
  ],
  [
    /Load key "(.+)": (.+)/,
    ([, file, why], { name }) =>
      permission(
        `the key ${file} for ${name} cannot be read: ${why}`,
        "`identity` names the private key, in a format of OpenSSH",
      ),
  ],
  [
    /Too many authentication failures/,
    (_, peer) =>
      permission(
        `${where(peer)} has seen too many keys that it does not know`,
        "name the right one as `identity` in its recipe",
      ),
  ],
  [/Permission denied|No supported authentication methods/, (_, peer) => denied(peer)],
  [
    /.*(?:Bad configuration option|[Bb]ad owner or permissions|bad configuration options|extra arguments|[Uu]nsupported option).*/,
    ([line = ""]) => ({
      code: "not-configured",
      message: `ssh does not accept its settings: ${line.trim()}`,
      hint: "correct that file",
    }),
  ],
  [
    /Unable to negotiate with .*?: (.+)/,
    ([, why], peer) =>
      unavailable(
        `${where(peer)} and this machine's ssh have no method in common: ${why}`,
        "update ssh on one of the two",
      ),
  ],
  [
    /Connection (?:closed|reset) by|kex_exchange_identification|Broken pipe|client_loop|not responding|closed by remote host/,
    (_, peer) => closed(peer),
  ],
];

/** What ssh's own messages mean. */
export function sshTrouble(log: string, peer: Peer): HomelabError {
  const said = log
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "" && !/^debug\d: /.test(line))
    .join("\n");
  for (const [pattern, words] of TROUBLES) {
    const found = pattern.exec(said);
    if (!found) continue;
    const { code, message, hint } = words(found, peer, said);
    return new HomelabError(code, message, { hint });
  }
  const last = said.split("\n").at(-1) || "it did not say why";
  return new HomelabError("unavailable", `ssh cannot reach ${where(peer)}: ${last}`, { hint: tryIt(peer) });
}

/** The connection went away while a program ran. */
export function connectionLost(peer: Peer, program: string): HomelabError {
  const message = `the connection to ${where(peer)} was lost while \`${program}\` ran`;
  return new HomelabError("unavailable", message, {
    hint: "it may go on there, or have come to its end: look before you run it again",
  });
}

const unavailable = (message: string, hint: string): Said => ({ code: "unavailable", message, hint });
const permission = (message: string, hint: string): Said => ({ code: "permission", message, hint });

/** The name, and the address where that says more. */
function where({ name, to }: Peer): string {
  const text = destinationText(to);
  return text === name ? name : `${name} (${text})`;
}

/** The call of ssh that a person would try. */
function call({ to: { user, address, port }, identity }: Peer): string {
  const login = user === undefined ? address : `${user}@${address}`;
  return `ssh${port === undefined ? "" : ` -p ${port}`}${identity === undefined ? "" : ` -i ${identity}`} ${login}`;
}

const tryIt = (peer: Peer): string =>
  peer.through === undefined
    ? `try \`${call(peer)}\``
    : `try \`${call(peer)}\` on ${peer.through}, through which it is reached`;

const serves = (peer: Peer): string =>
  `see that it runs, that sshd runs on it, and that no firewall is in between: ${tryIt(peer)}`;

/** What the host in between could not do, ssh there says to nobody. */
const closed = (peer: Peer): Said =>
  unavailable(
    peer.through === undefined
      ? `${where(peer)} has closed the connection`
      : `${where(peer)} cannot be reached from ${peer.through}, or has closed the connection`,
    serves(peer),
  );

function changedKey(peer: Peer, log: string): Said {
  const [, file, line] = /Offending \S+ key in (.+):(\d+)/.exec(log) ?? [];
  const place = file === undefined ? "" : `the old key stands in ${file}:${line}. `;
  const forget = /^\s*(ssh-keygen .*-R .+)$/m.exec(log)?.[1] ?? `ssh-keygen -R ${keyName(peer.to)}`;
  return {
    code: "refused",
    message: `the host key of ${where(peer)} is not the known one: another machine answers, or it was installed anew`,
    hint: `${place}Only when you know why it has changed, forget it with \`${forget.trim()}\``,
  };
}

const unknownKey = (peer: Peer): Said => ({
  code: "refused",
  message: `the host key of ${where(peer)} is not known yet`,
  hint: `run \`${call(peer)}\` once${peer.through ? ` through ${peer.through} (-J)` : ""} and compare the fingerprint, or add the line of \`ssh-keyscan\` to known_hosts`,
});

const denied = (peer: Peer): Said =>
  permission(
    `${where(peer)} does not let us in with ${peer.identity === undefined ? "any key that ssh has tried" : `the key ${peer.identity}`}`,
    peer.identity === undefined
      ? "`ssh-add -l` shows the agent's keys; name one as `identity` in the recipe, or add yours there with `ssh-copy-id`"
      : "add its public half to authorized_keys there; a key with a passphrase must be in the agent: `ssh-add`",
  );

/** As known_hosts names a host. */
const keyName = ({ address, port }: Destination): string =>
  port === undefined || port === 22 ? address : `[${address}]:${port}`;
