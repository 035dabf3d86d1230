import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
} from "yaml";
import type { Position } from "../errors.ts";
import type { Place } from "./fault.ts";

// Imports the slow YAML library: only ever import this file lazily, once something is wrong.

/** A recipe file read by the library that knows where things stand. */
export interface Marked {
  readonly file: string;
  readonly text: string;
  readonly document: Document;
}

/** Parses a recipe file with positions. The text may have errors; they are in `document.errors`. */
export function mark(file: string, text: string): Marked {
  const options = { merge: true, uniqueKeys: false, prettyErrors: false, logLevel: "error" } as const;
  return { file, text, document: parseDocument(text, options) };
}

/** Line, column and excerpt of the characters from `start` to `end`. */
export function positionOf(file: string, text: string, start: number, end: number): Position {
  const from = Math.min(Math.max(start, 0), text.length);
  const lineStart = from === 0 ? 0 : text.lastIndexOf("\n", from - 1) + 1;
  let lineEnd = text.indexOf("\n", from);
  if (lineEnd < 0) lineEnd = text.length;
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < lineStart; at = text.indexOf("\n", at + 1)) line += 1;
  const excerpt = text.slice(lineStart, lineEnd).replace(/\r$/, "");
  // What is at the end of a line may be its carriage return.
  const column = Math.min(from - lineStart, excerpt.length) + 1;
  const length = Math.max(1, Math.min(end - from, excerpt.length - column + 1));
  return { file, line, column, excerpt, length };
}

/**
 * Position of the thing that `place.path` leads to, or of the deepest thing on the way that is there. A block
 * collection is shown by its key, because its first line says little.
 */
export function locate(marked: Marked, place: Place): Position {
  const { key, value } = walk(marked.document, place.path);
  const shownAlone = (isScalar(value) && value.source !== "") || (isCollection(value) && value.flow);
  const shown = shownAlone && !place.key ? value : (key ?? value);
  const range = shown?.range ?? [0, 1, 1];
  return positionOf(marked.file, marked.text, range[0], range[1]);
}

interface Spot {
  readonly key?: Node | undefined;
  readonly value?: Node | undefined;
}

function walk(document: Document, path: Place["path"]): Spot {
  let spot: Spot = { value: document.contents ?? undefined };
  for (const step of path) {
    const next = child(document, spot.value, step);
    if (!next) break;
    spot = next;
  }
  return spot;
}

function child(document: Document, parent: unknown, step: string | number): Spot | undefined {
  const node = isAlias(parent) ? parent.resolve(document) : parent;
  if (isSeq(node)) {
    const value = node.items[Number(step)] as Node | undefined;
    return value && { value };
  }
  if (!isMap(node)) return undefined;
  const pair = findPair(document, node.items, step);
  return pair && { key: pair.key as Node, value: (pair.value as Node | null) ?? undefined };
}

/** The pair of a mapping with this key: one of its own, else one that `<<` merges in. */
function findPair(document: Document, items: readonly Pair[], step: string | number): Pair | undefined {
  const own = items.findLast(({ key }) => isScalar(key) && String(key.value) === String(step));
  if (own) return own;
  for (const { key, value } of items) {
    if (!isScalar(key) || key.source !== "<<") continue;
    for (const source of isSeq(value) ? value.items : [value]) {
      const map = isAlias(source) ? source.resolve(document) : source;
      const found = isMap(map) ? findPair(document, map.items, step) : undefined;
      if (found) return found;
    }
  }
  return undefined;
}
