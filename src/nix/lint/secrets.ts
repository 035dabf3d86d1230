import { behindArgument } from "./bindings.ts";
import type { Token } from "./tokens.ts";

/** Functions that read a file while the configuration is evaluated. */
export const READERS: ReadonlySet<string> = new Set(["readFile", "fileContents", "importJSON", "importTOML"]);

/** Where secrets are on a host. */
const SECRET_PLACE =
  /^\/(?:var\/)?run\/(?:secrets|agenix|credentials)(?:[./-]|$)|^\/(?:var\/)?run\/[\w-]+\.d\/secrets/;
const SECRET_DIR = /(?:^|\/)\.?secrets?\//i;
const SECRET_FILE =
  /\.age$|.\.sops\.\w+$|(?:^|[._-])(?:id_(?:rsa|dsa|ecdsa|ed25519)|priv(?:ate)?(?:key)?)(?:[._-]|$)|\.key$/i;
const SECRET_WORD =
  /[Pp]assw(?:or)?d|PASSW(?:OR)?D|[Pp]assphrase|[Tt]okens?(?![a-z])|TOKEN|[Ss]ecrets?(?![a-z])|SECRET|[Cc]redentials?(?![a-z])|[Aa]pi[_-]?[Kk]ey|[Pp]rivate[_-]?[Kk]ey/;
const PRIVATE_PEM = /(?:^|[._-])(?:key|priv|privkey|private)(?:[._-].*)?\.pem$/i;
/** What may be known: `id_ed25519.pub`, `signing-key-public.pem`. */
const PUBLIC_FILE = /\.(?:pub|crt|cer)$|(?:^|[._-])pub(?:lic)?(?:[._-]|$)/i;
/** A program that is about secrets has none in it. */
const PROGRAM = /\.(?:sh|bash|zsh|fish|py|pl|rb|js|ts|lua|nix|md)$/;
const SECRET_VARIABLE =
  /PASSW(?:OR)?D|PASSPHRASE|TOKEN|SECRET|CREDENTIAL|(?:^|_)(?:API|ACCESS|PRIVATE)?KEY(?:_|$)/i;

/** Whether a path, or a piece of one, is by its name that of a secret. */
export function isSecretPath(path: string): boolean {
  const name = path.replace(/\/+$/, "").split("/").at(-1) ?? "";
  if (PUBLIC_FILE.test(name)) return false;
  return (
    SECRET_PLACE.test(path) ||
    SECRET_DIR.test(path) ||
    SECRET_FILE.test(name) ||
    (SECRET_WORD.test(name) && !PROGRAM.test(name)) ||
    PRIVATE_PEM.test(name)
  );
}

export const isSecretVariable = (name: string): boolean => SECRET_VARIABLE.test(name);

/** What of the argument that begins at `from` is a secret, as written; undefined when nothing looks like one. */
export function secretIn(tokens: readonly Token[], from: number): string | undefined {
  const argument = tokens.slice(from, behindArgument(tokens, from));
  const file = argument.find(({ kind, text }) => /^(?:path|string|part)$/.test(kind) && isSecretPath(text));
  if (file) return file.text.trim();
  if (argument.some(({ kind, text }) => /^(?:path|string)$/.test(kind) && PUBLIC_FILE.test(text)))
    return undefined;
  // `config.sops.secrets.db.path`, `cfg.passwordFile`
  const names = argument.map(({ kind, text }) => (kind === "id" || kind === "string" ? text : ""));
  const managed = names.findIndex(
    (name, at) =>
      /^(?:sops|age)$/.test(name) && /^(?:secrets|templates|placeholder)$/.test(names[at + 2] ?? ""),
  );
  if (managed >= 0) return attribute(argument, managed);
  const named = argument.findIndex(({ kind, text }) => kind === "id" && SECRET_WORD.test(text));
  return named >= 0 ? attribute(argument, named) : undefined;
}

/** The attribute path around a name, as written. */
function attribute(tokens: readonly Token[], at: number): string {
  const isPart = (token: Token | undefined) =>
    token !== undefined && (token.kind === "id" || token.kind === "string" || token.text === ".");
  let [from, to] = [at, at];
  while (isPart(tokens[from - 1]) && (tokens[from - 1] as Token).end === (tokens[from] as Token).at) from--;
  while (isPart(tokens[to]) && (to === at || (tokens[to - 1] as Token).end === (tokens[to] as Token).at))
    to++;
  return tokens
    .slice(from, to)
    .map(({ text }) => text)
    .join("");
}
