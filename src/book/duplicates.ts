/** What makes the counts of `mayHaveDuplicateKeys` unfit: explicit keys, aliases and merges, tags, more documents. */
const UNCOUNTABLE = /(?:^|[\s[{,:-])(?:\?(?:\s|$)|\*\S|!|<<)|^(?:---|\.\.\.|%)/m;

/** A colon that can stand behind a key: before white space or a bracket, or right behind a quote or bracket. */
const KEY_COLON = /["'\]}]:|:(?=[\s,[\]{}]|$)/g;

/** A list in brackets on one line, and a mapping in braces on one line in which every key has its colon. */
const PLAIN_LIST = /\[(?:[^[\]{}"'\n]|"[^"\\{}[\]\n]*"|'[^'{}[\]\n]*')*\]/g;
const PLAIN_MAPPING =
  /\{(?: *(?:[\w.-]+|"[\w.-]+"|'[\w.-]+'):(?=[ ,}])(?: *"[^"\\{}[\]\n]*" *| *'[^'{}[\]\n]*' *|(?:[^,{}[\]"'#:\n]|:(?![\s,{}[\]"']))*)(?:,|(?=\})))* *\}/g;

/**
 * Whether a YAML text may hold a mapping with the same key twice; `data` is what `Bun.YAML` made of it. That parser
 * takes repeated keys without a word, and the library that refuses them is a hundred times slower, so this decides
 * whether it must be asked. Every key in the text has a colon of its own, and a repeated one leaves no key in the
 * data: as many keys as colons means that none was lost. "No" is certain; "yes" may come from a colon in a text.
 */
export function mayHaveDuplicateKeys(text: string, data: unknown): boolean {
  const bare = withoutComments(text);
  if (UNCOUNTABLE.test(bare) || mayHaveKeysWithoutColon(bare)) return true;
  return (bare.match(KEY_COLON)?.length ?? 0) !== countKeys(data);
}

/** In `{ a, b: 1 }` the key `a` has no colon. */
function mayHaveKeysWithoutColon(text: string): boolean {
  let rest = text;
  while (rest.includes("{")) {
    const outer = rest.replace(PLAIN_LIST, "0").replace(PLAIN_MAPPING, "0");
    if (outer === rest) return true;
    rest = outer;
  }
  return false;
}

/** Without the comments that are certain to be some: once a quote was opened, `#` may be text. */
function withoutComments(text: string): string {
  if (!text.includes("#")) return text;
  const lines = text.split(/\r\n?|\n/);
  for (const [index, line] of lines.entries()) {
    const comment = line.search(/(?:^|[ \t])#/);
    const code = comment < 0 ? line : line.slice(0, comment);
    if (/["']/.test(code)) break;
    lines[index] = code;
  }
  return lines.join("\n");
}

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const inner = Object.values(value);
  let keys = Array.isArray(value) ? 0 : inner.length;
  for (const item of inner) keys += countKeys(item);
  return keys;
}
