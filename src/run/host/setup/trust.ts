import { fingerprint, type KnownLine, type PublicKey } from "../../../ssh/keys.ts";

export interface Keys {
  /** What known_hosts has of it. */
  readonly known: readonly KnownLine[];
  /** What it shows. */
  readonly scanned: readonly PublicKey[];
  /** The fingerprint that was named, if one was. */
  readonly wanted: string | undefined;
}

/** Keys to be added, none where it is known; or why it is not to be trusted. */
export type Trust =
  | { readonly add: readonly PublicKey[] }
  | { readonly refused: "revoked" | "changed" | "not the named one" };

/** Whether the host that answers is the one that is meant. Nothing that is known is ever replaced. */
export function judgeKeys({ known, scanned, wanted }: Keys): Trust {
  const same = (a: PublicKey) => (b: PublicKey) => a.blob === b.blob;
  if (known.some(({ marker, key }) => marker === "revoked" && scanned.some(same(key))))
    return { refused: "revoked" };
  const named = wanted === undefined ? scanned : scanned.filter((key) => fingerprint(key) === wanted);
  if (named.length === 0) return { refused: "not the named one" };
  // Who signs host keys vouches for them; ssh itself checks that when it connects.
  if (known.some(({ marker }) => marker === "cert-authority")) return { add: [] };
  const plain = known.filter(({ marker }) => marker === undefined).map(({ key }) => key);
  if (plain.length === 0) return { add: named };
  return named.some((key) => plain.some(same(key))) ? { add: [] } : { refused: "changed" };
}
