/** Where secrets are on a host. */
const SECRET_PLACE =
  /^\/(?:var\/)?run\/(?:secrets|agenix|credentials)(?:[./-]|$)|^\/(?:var\/)?run\/[\w-]+\.d\/secrets/;
const SECRET_DIR = /(?:^|\/)\.?secrets?\//i;
/** Files that are nothing else. */
const SECRET_FILE = /\.age$|.\.sops\.\w+$|(?:^|[._-])id_(?:rsa|dsa|ecdsa|ed25519)(?:[._-]|$)/i;
/** Files that often are secret: keys, which may be public ones as well. */
const KEY_FILE =
  /\.key$|(?:^|[._-])priv(?:ate)?(?:key)?(?:[._-]|$)|(?:^|[._-])(?:key|priv|privkey|private)(?:[._-].*)?\.pem$/i;
const SECRET_WORD =
  /(?:[Pp]assw(?:or)?d|PASSW(?:OR)?D)(?!less|LESS)|[Pp]assphrase|(?:(?<![A-Za-z])t|T)okens?(?![a-z])|TOKEN(?!IZ)|(?:(?<![A-Za-z])s|S)ecrets?(?![a-z])|SECRET|[Cc]redentials?(?![a-z])|CREDENTIAL|[Aa]pi[_-]?[Kk]ey|[Pp]rivate[_-]?[Kk]ey/;
/** What may be known: `id_ed25519.pub`, `signing-key-public.pem`. */
const PUBLIC_FILE = /\.(?:pub|crt|cer)$|(?:^|[._-])pub(?:lic)?(?:[._-]|$)/i;
const PUBLIC_NAME = /(?:P|(?<![A-Za-z])p)ub(?:lic)?(?![a-z])/;
/** A program, a text or a page that is about secrets has none in it. */
const ABOUT =
  /\.(?:sh|bash|zsh|fish|py|pl|rb|js|ts|lua|nix|md|html|css|scss|svg)$|(?:^|[._-])(?:example|sample|template|dummy)(?:[._-]|$)/i;
/** Users and groups, which everybody may read. */
const KNOWN = /^\/etc\/(?:passwd|group)$/;
const SECRET_VARIABLE =
  /PASSW(?:OR)?D|PASSPHRASE|TOKEN(?!IZ)|SECRET|CREDENTIAL|(?:^|_)(?:API|ACCESS|PRIVATE)?KEY(?:_|$)/i;
const NO_SECRET_VARIABLE = /(?:^|_)PUB(?:LIC)?_|_(?:DIR|FILE|PATH)$/i;

/** How sure it is that something is a secret: `surely`, or that only its name says so. */
export type Secrecy = "surely" | "by name";

/** Whether a path is that of a secret. What is not known of it is a `…`. */
export function pathSecrecy(path: string): Secrecy | undefined {
  const name = path.replace(/\/+$/, "").split("/").at(-1) ?? "";
  if (PUBLIC_FILE.test(name) || KNOWN.test(path)) return undefined;
  if (SECRET_PLACE.test(path)) return "surely";
  if (ABOUT.test(name)) return undefined;
  if (SECRET_DIR.test(path) || SECRET_FILE.test(name)) return "surely";
  return SECRET_WORD.test(name) || KEY_FILE.test(name) ? "by name" : undefined;
}

/** Whether an attribute path is that of a secret: `config.sops.secrets.db.path`, `cfg.passwordFile`. */
export function attributeSecrecy(names: readonly string[]): Secrecy | undefined {
  if (names.some((name) => PUBLIC_FILE.test(name) || PUBLIC_NAME.test(name))) return undefined;
  const managed = names.some(
    (name, at) =>
      /^(?:sops|age)$/.test(name) && /^(?:secrets|templates|placeholder)$/.test(names[at + 1] ?? ""),
  );
  if (managed) return "surely";
  // A package is called by what it is about.
  return names[0] !== "pkgs" && names.some((name) => SECRET_WORD.test(name)) ? "by name" : undefined;
}

export const isSecretVariable = (name: string): boolean =>
  SECRET_VARIABLE.test(name) && !NO_SECRET_VARIABLE.test(name);

/** Whether a value of that name is one that nobody should be shown. */
export const isSecretName = (name: string): boolean => SECRET_WORD.test(name) || SECRET_VARIABLE.test(name);

/** Whether a text may have a secret in it: `password=…`, `Authorization: token …`. */
export const mentionsSecret = (text: string): boolean => SECRET_WORD.test(text) && !/^[./~]\S*$/.test(text);
