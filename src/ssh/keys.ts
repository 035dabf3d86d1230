import { createHash, createHmac, randomBytes } from "node:crypto";

/** A public key: of a host, or of a person. */
export interface PublicKey {
  /** `ssh-ed25519`. */
  readonly type: string;
  /** Base64. */
  readonly blob: string;
}

/** Types of keys, with nothing in them that an option could begin with. */
const TYPE = /^[a-z][a-z0-9@.-]*$/;
const BLOB = /^[A-Za-z0-9+/]+={0,2}$/;

/** Reads a key's type and text, of any line that has them one behind the other; undefined when it has none. */
export function parseKey(line: string): PublicKey | undefined {
  const words = line.trim().split(/\s+/);
  for (const [at, type] of words.entries()) {
    const blob = words[at + 1] ?? "";
    if (TYPE.test(type) && blob.startsWith("AAAA") && BLOB.test(blob)) return { type, blob };
  }
  return undefined;
}

/** What `ssh-keyscan` printed: one key a line, the best kind first. Lines with `#` are what it talked of. */
export function parseScan(text: string): PublicKey[] {
  const keys = text.split("\n").flatMap((line) => (line.startsWith("#") ? [] : (parseKey(line) ?? [])));
  return keys.toSorted((a, b) => rank(a) - rank(b));
}

const rank = ({ type }: PublicKey): number =>
  ["ssh-rsa", "ecdsa", "ssh-ed25519"].findLastIndex((kind) => type.startsWith(kind)) * -1;

/** As `ssh-keygen -l` shows it: `SHA256:…`. */
export const fingerprint = ({ blob }: PublicKey): string =>
  `SHA256:${createHash("sha256").update(Buffer.from(blob, "base64")).digest("base64").replace(/=+$/, "")}`;

/** `ED25519`, as ssh calls a key's kind when it asks about it. */
export const kindOf = ({ type }: PublicKey): string =>
  type
    .replace(/^(?:ssh|sk-ssh|sk)-/, "")
    .replace(/-.*$/, "")
    .replace(/@.*$/, "")
    .toUpperCase();

/** A fingerprint as somebody wrote it, with or without what stands in front of it; undefined when it is none. */
export function readFingerprint(text: string): string | undefined {
  const [, digest] = /^(?:SHA256:)?([A-Za-z0-9+/]{43})=?$/.exec(text.trim()) ?? [];
  return digest === undefined ? undefined : `SHA256:${digest}`;
}

/** How known_hosts names a host on a port. */
export const knownName = (host: string, port: number): string => (port === 22 ? host : `[${host}]:${port}`);

/** The name so that nobody reads from the file where somebody goes (`HashKnownHosts`). */
export function hashedName(name: string, salt: Uint8Array = randomBytes(20)): string {
  const hash = createHmac("sha1", salt).update(name).digest("base64");
  return `|1|${Buffer.from(salt).toString("base64")}|${hash}`;
}

/** A line of known_hosts, as `ssh-keygen -F` gives it. */
export interface KnownLine {
  readonly marker: "cert-authority" | "revoked" | undefined;
  readonly key: PublicKey;
}

/** What `ssh-keygen -F NAME` found. */
export const parseKnown = (text: string): KnownLine[] =>
  text.split("\n").flatMap((line): KnownLine[] => {
    const key = line.startsWith("#") ? undefined : parseKey(line);
    const [, marker] = /^@(cert-authority|revoked)\s/.exec(line) ?? [];
    return key ? [{ marker: marker as KnownLine["marker"], key }] : [];
  });
