import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  type Node,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import type { Position } from "../errors.ts";
import { brief } from "./brief.ts";
import { type Fault, invalid, TWICE_HINT } from "./fault.ts";
import { type Marked, positionOf } from "./locate.ts";
import { isSection } from "./schema.ts";

const UNCLEAR = "check the quotes, brackets and indentation around it";

/** What each error of the YAML library means to a person, and what to do. */
const PLAIN: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  BAD_INDENT: [
    "the indentation does not fit the lines above",
    "keys of one mapping begin in the same column",
  ],
  TAB_AS_INDENT: ["a tab is used for indentation", "indent with spaces"],
  BLOCK_AS_IMPLICIT_KEY: ["a second `: ` on one line", "put the value in quotes, or on lines of its own"],
  BLOCK_IN_FLOW: ["a block inside of brackets", "use brackets all the way down, or none"],
  MULTILINE_IMPLICIT_KEY: ["a key without `:` behind it", "write `key: value`"],
  MULTIPLE_DOCS: ["more than one YAML document", "remove the `---`; one file is one document"],
  BAD_SCALAR_START: ["a value may not begin with this character", "put the value in quotes"],
  BAD_DQ_ESCAPE: ["an escape that YAML does not know", "use single quotes, or write `\\\\` for a backslash"],
  UNEXPECTED_TOKEN: ["this does not belong here", UNCLEAR],
};
const DANGLING = ["an alias without its anchor", "define the anchor with `&name` above"] as const;

const LEFT_OPEN: readonly { said: RegExp; plain: readonly [message: string, hint: string] }[] = [
  { said: /^Flow /, plain: ["a bracket is not closed", "close it with `]` or `}`"] },
  { said: /call stack/, plain: ["this is nested too deeply", "no file needs so many levels: write it anew"] },
  { said: /closing.*quote/, plain: ["a quote is not closed", "write the same quote at the end of the text"] },
];

/** The problems that the file has as YAML: syntax errors, or aliases without anchors and keys that are there twice. */
export function syntaxFaults(marked: Marked): Fault[] {
  const { document, file, text } = marked;
  const errors = onePerPlace(document.errors.map((error) => syntaxFault(file, text, error)));
  return errors.length > 0 ? errors : [...danglingAliases(marked), ...repeatedKeys(marked)];
}

/** What the YAML library says of a file whose parts do not fit together, in plain words, and what to look for. */
const UNFIT: readonly { said: RegExp; plain: readonly [message: string, hint: string, sign: string] }[] = [
  {
    said: /^ReferenceError/,
    plain: ["the aliases of this file stand for too much", "write out what they stand for", "*"],
  },
  {
    said: /Merge sources/,
    plain: ["`<<` takes in what is no mapping", "let it name a mapping, or a list of them", "<<"],
  },
  {
    said: /call stack/,
    plain: ["this is nested too deeply", "no file needs so many levels: write it anew", ""],
  },
];
const NO_CONTENT = [
  "the parts of this file do not fit together",
  "write out what its aliases and tags stand for",
  "",
] as const;

/** The content of a file without syntax errors, or the fault of parts that do not fit together. */
export function contentOf({ document, file, text }: Marked): { data: unknown } | { fault: Fault } {
  try {
    return { data: document.toJS() };
  } catch (error) {
    const [message, hint, sign] = UNFIT.find(({ said }) => said.test(String(error)))?.plain ?? NO_CONTENT;
    const at = Math.max(text.indexOf(sign), 0);
    return { fault: invalid(message, { hint, position: positionOf(file, text, at, at + sign.length) }) };
  }
}

/** Two brackets that are left open end at the same place, and closing one may close the other: one problem. */
function onePerPlace(faults: readonly Fault[]): Fault[] {
  const places = new Map<string, Fault>();
  for (const fault of faults) {
    const place = `${fault.position?.line}:${fault.position?.column}`;
    if (!places.has(place)) places.set(place, fault);
  }
  return [...places.values()];
}

function syntaxFault(file: string, text: string, { code, message: said, pos }: YAMLError): Fault {
  const open = LEFT_OPEN.find((each) => each.said.test(said))?.plain;
  const [message, hint] = open ?? PLAIN[code] ?? [brief(said.replace(/\.$/, "")), UNCLEAR];
  // An error at the end of the file is shown where the text ends, not on an empty line.
  const atEnd = text.slice(pos[0]).trim() === "";
  const start = atEnd ? Math.max(text.trimEnd().length - 1, 0) : pos[0];
  const position = positionOf(file, text, start, atEnd ? start + 1 : pos[1]);
  return invalid(message, { hint, position });
}

/** All nodes of a document in their order. (The library's own way copies the path to each: too slow for deep files.) */
function* nodesOf(document: Document): Generator<Node> {
  const stack: unknown[] = [document.contents];
  while (stack.length > 0) {
    const node = stack.pop();
    if (isNode(node)) yield node;
    if (isPair(node)) stack.push(node.value, node.key);
    else if (isCollection(node)) for (const item of [...node.items].reverse()) stack.push(item);
  }
}

function danglingAliases({ document, file, text }: Marked): Fault[] {
  const [message, hint] = DANGLING;
  const faults: Fault[] = [];
  const anchors = new Set<string>();
  for (const node of nodesOf(document)) {
    if (!isAlias(node)) {
      if (node.anchor) anchors.add(node.anchor);
    } else if (!anchors.has(node.source) && node.range) {
      const position = positionOf(file, text, node.range[0], node.range[1]);
      faults.push(invalid(message, { hint, position }));
    }
  }
  return faults;
}

function repeatedKeys(marked: Marked): Fault[] {
  const { contents } = marked.document;
  const sections = new Set(
    (isMap(contents) ? contents.items : [])
      .filter(({ key }) => isScalar(key) && isSection(key.value))
      .map(({ value }) => value),
  );
  return [...nodesOf(marked.document)].flatMap((node) =>
    isMap(node) ? repeatedIn(marked, node, sections.has(node)) : [],
  );
}

function repeatedIn({ file, text }: Marked, map: YAMLMap, section: boolean): Fault[] {
  const faults: Fault[] = [];
  const seen = new Map<unknown, Position>();
  for (const { key } of map.items) {
    if (!isScalar(key) || !key.range || key.source === "<<") continue;
    const position = positionOf(file, text, key.range[0], key.range[1]);
    const first = seen.get(key.value);
    if (!first) {
      seen.set(key.value, position);
      continue;
    }
    const name = `\`${brief(String(key.value))}\``;
    const message = section ? `${name} is defined twice` : `the key ${name} is there twice`;
    const notes = [{ text: "first defined here", position: first }];
    faults.push(invalid(message, { hint: section ? TWICE_HINT : "keep one of the two", position, notes }));
  }
  return faults;
}
