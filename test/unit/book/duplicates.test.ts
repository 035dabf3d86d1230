import { describe, expect, test } from "bun:test";
import { parseDocument } from "yaml";
import { mayHaveDuplicateKeys } from "../../../src/book/duplicates.ts";

const asked = (text: string) => mayHaveDuplicateKeys(text, Bun.YAML.parse(text));

describe("mayHaveDuplicateKeys() is sure of", () => {
  test.each([
    ["nothing", ""],
    ["block mappings", "a:\n  x: 1\nb:\n  x: 1\n"],
    ["nested flow mappings", "vm: { needs: [], ready: { tcp: 10.1.0.2:22 }, x: [{ y: 'z, z' }, {}] }\n"],
    ["flow mappings", "a: [b, { name: c, when: started }]\nb: { name: c }\n"],
    ["comments with colons", "# first: this\na: 1 # then: that\n"],
    ["quoted keys", '"a": 1\n\'b\': { "c": 1 }\n'],
    ["keys without values", "services:\n  plex:\n  loki:\n"],
    ["addresses", "a: http://127.0.0.1:80/x\nb: 10.0.0.1:22\n"],
    ["lists of mappings", "- a: 1\n  b: 2\n- a: 1\n"],
    ["block scalars", "a: |\n  plain text\nb: >-\n  more\n"],
  ])("%s", (_, text) => expect(asked(text)).toBe(false));
});

describe("mayHaveDuplicateKeys() asks about", () => {
  test.each([
    ["repeated block keys", "a: 1\na: 2\n"],
    ["repeated flow keys", "x: { a: 1, a: 2 }\n"],
    ["flow keys without values", "x: { a, b: 1, b: 2 }\n"],
    ["a flow key without a value that comes again", "x: { a, a: 1 }\n"],
    ["a key in two spellings", "a: 1\n'a': 2\n"],
    ["explicit keys", "? a\n: 1\nb: 2\n"],
    ["aliases", "a: &x { b: 1 }\nc: *x\n"],
    ["tags", "a: !!str b\n"],
    ["several documents", "a: 1\n---\na: 2\n"],
    ["a number sign inside of quotes", '{"a\n # b": 1, "a\n # b": 2}\n'],
    ["a colon inside of a text", 'a: "b: c"\n'],
  ])("%s", (_, text) => expect(asked(text)).toBe(true));
});

/** Numbers from 0 to below `limit`, the same ones for the same seed. */
function randomFrom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

type Random = (limit: number) => number;
const pick = <T>(random: Random, from: readonly T[]): T => from[random(from.length)] as T;

const KEYS = ["a", "b", "plex", "sonarr-shows", '"a"', "'b'", "1", "x y", "a#b", "don't", "ready", "é"];
const WORDS = ["x", "1", "http://h:80/x", '"q: r"', "'it''s # one'", "a b", "", "10.0.0.1:22", "true", "x#y"];
const NOTES = ["", "", "", " # note", " # note: this", " # it's: so"];

function flow(random: Random, depth: number): string {
  const kind = random(4);
  if (depth > 2 || kind === 0) return pick(random, ["x", '"y"', "'z'", "1"]);
  const items = Array.from({ length: random(4) }, () => {
    if (kind === 1) return flow(random, depth + 1);
    const key = pick(random, KEYS);
    if (random(6) === 0) return key;
    return `${key}:${random(5) === 0 && /["']$/.test(key) ? "" : pick(random, [" ", "  ", "\n      "])}${flow(random, depth + 1)}`;
  });
  const gap = pick(random, [", ", ",", ",\n     "]);
  return kind === 1 ? `[${items.join(gap)}]` : `{ ${items.join(gap)} }`;
}

function block(random: Random, indent: number): string {
  const pad = " ".repeat(indent);
  let text = "";
  for (let count = 1 + random(4); count > 0; count--) {
    if (random(8) === 0) text += pick(random, ["\n", `${pad}# a: note\n`, "# a: note\n"]);
    text += `${pad}${pick(random, KEYS)}:`;
    const kind = indent > 6 ? random(2) : random(6);
    if (kind === 0) text += ` ${pick(random, WORDS)}${pick(random, NOTES)}\n`;
    else if (kind === 1) text += ` ${flow(random, 0)}${pick(random, NOTES)}\n`;
    else if (kind === 2) text += ` |\n${pad}   text: x\n${pad}   # c: d\n`;
    else if (kind === 3) text += `\n${pad}- ${block(random, indent + 2).trimStart()}`;
    else text += `${pick(random, NOTES)}\n${block(random, indent + 1 + random(3))}`;
  }
  return text;
}

test("mayHaveDuplicateKeys() never overlooks a key that the YAML library finds twice", () => {
  const random = randomFrom(20_261_121);
  const seen = { repeated: 0, sure: 0 };
  for (let round = 0; round < 1500; round++) {
    const text = block(random, 0);
    const errors = parseDocument(text, { prettyErrors: false, logLevel: "silent" }).errors;
    const repeated = errors.some((error) => error.code === "DUPLICATE_KEY");
    let data: unknown;
    try {
      data = Bun.YAML.parse(text);
    } catch {
      continue;
    }
    const answer = mayHaveDuplicateKeys(text, data);
    if (repeated && !answer) throw new Error(`Overlooked a repeated key in:\n${text}`);
    if (repeated) seen.repeated += 1;
    if (!answer) seen.sure += 1;
  }
  // Otherwise the generator no longer writes what this test is about.
  expect(seen.repeated).toBeGreaterThan(300);
  expect(seen.sure).toBeGreaterThan(30);
}, 60_000);
