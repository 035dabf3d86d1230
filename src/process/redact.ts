/** Shown in place of a secret. */
const MASK = "[redacted]";

/** Values that are no secrets by themselves and whose absence would make messages useless. */
const HARMLESS = /^(?:\d{1,5}|true|false|yes|no|on|off|none|null)$/i;
const SECRET_KEY = /pass|secret|token|key|auth|credential|private|cookie|webhook|dsn/i;

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
      values.add(text);
    }
  }
  if (values.size === 0) return (text) => text;
  // The longest first: a secret that contains another one is masked whole.
  const sorted = [...values].sort((a, b) => b.length - a.length);
  return (text) => sorted.reduce((masked, value) => masked.replaceAll(value, MASK), text);
}
