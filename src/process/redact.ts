/** Shown in place of a secret. */
const MASK = "[redacted]";

/** Values that are no secrets by themselves and whose absence would make messages useless. */
const HARMLESS = /^(?:\d{1,5}|true|false|yes|no|on|off|none|null)$/i;
const SECRET_KEY =
  /pass|secret|token|key|auth|credential|private|cookie|webhook|dsn|(?:^|_)(?:pw|pwd|pin|otp|pat)\d*(?:_|$)/i;

/**
 * Builds a function that masks the values of environment files in a text. Numbers of up to five digits (ports,
 * user ids) and switches stay, unless their name says that they are secret; so do values under four characters.
 */
export function redactor(
  variables: Iterable<readonly [name: string, value: string]>,
): (text: string) => string {
  const values = new Set<string>();
  for (const [name, value] of variables) {
    for (const line of [value, ...value.split("\n")]) {
      const text = line.trim();
      if (text.length < 4) continue;
      if (HARMLESS.test(text) && !SECRET_KEY.test(name)) continue;
      for (const form of forms(text)) values.add(form);
    }
  }
  if (values.size === 0) return (text) => text;
  // The longest first: a secret that contains another one is masked whole.
  const sorted = [...values].sort((a, b) => b.length - a.length);
  return (text) => sorted.reduce((masked, value) => masked.replaceAll(value, MASK), text);
}

/** A value as it is, and as programs write it that quote what they show: JSON, `set -x` of shells, addresses. */
function forms(text: string): string[] {
  if (/^[\w.-]*$/.test(text)) return [text];
  const dash = text.replaceAll("'", `'"'"'`);
  const bash = text.replaceAll("'", `'\\''`);
  return [text, JSON.stringify(text).slice(1, -1), dash, bash, encodeURIComponent(text.toWellFormed())];
}

/**
 * Masks what comes in pieces: a secret may be cut in two by them, so a line waits for its end. `end` gives the rest.
 */
export function maskPieces(mask: (text: string) => string): { add(piece: string): string; end(): string } {
  let rest = "";
  return {
    add(piece) {
      const end = Math.max(piece.lastIndexOf("\n"), piece.lastIndexOf("\r")) + 1;
      if (end === 0) {
        rest += piece;
        return "";
      }
      const whole = rest + piece.slice(0, end);
      rest = piece.slice(end);
      return mask(whole);
    },
    end() {
      const last = rest;
      rest = "";
      return mask(last);
    },
  };
}
