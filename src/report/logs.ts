import type { LogLine } from "../docker/logs.ts";
import { printable, type Style } from "./style.ts";

/** Where a line comes from, as it is shown. */
export type Label = string;

/** The names in front of the lines: that of the recipe, with the compose service where there are several. */
export function labelsOf(
  sources: readonly {
    readonly id: string;
    readonly recipe: string;
    readonly service: string;
    readonly name: string;
  }[],
): Map<string, Label> {
  const count = (test: (other: (typeof sources)[number]) => boolean) => sources.filter(test).length;
  return new Map(
    sources.map(({ id, recipe, service, name }) => {
      if (count((other) => other.recipe === recipe) === 1) return [id, recipe];
      const same = count((other) => other.recipe === recipe && other.service === service);
      return [id, same === 1 ? `${recipe}/${service}` : `${recipe}/${name}`];
    }),
  );
}

// Colours in the terminal's own codes: what belongs to the line may stay, what would move the cursor may not.
const COLOUR = new RegExp(`(${String.fromCharCode(0x1b)}\\[[\\d;]*m)`);

/** A program's line, harmless for a terminal; its own colours only where there are to be colours. */
function shown(text: string, s: Style): string {
  const parts = s.enabled ? text.split(COLOUR) : [Bun.stripANSI(text)];
  const clean = parts.map((part, index) =>
    index % 2 === 1 ? part : part.split("\t").map(printable).join("\t"),
  );
  return parts.length > 1 ? `${clean.join("")}\x1b[0m` : clean.join("");
}

/** Makes lines for people: a label in front, in a colour of its own, when there is more than one source. */
export function logFormatter(labels: ReadonlyMap<string, Label>, s: Style, options: { timestamps: boolean }) {
  const paints = [s.cyan, s.yellow, s.green, s.magenta, s.blue];
  const names = [...new Set(labels.values())];
  const width = Math.max(0, ...names.map((name) => name.length));
  return (label: Label, { time, text }: LogLine): string => {
    const paint = paints[Math.max(0, names.indexOf(label)) % paints.length] ?? String;
    const prefix = names.length > 1 ? paint(`${label.padEnd(width)} |`) : "";
    const stamp = options.timestamps ? s.dim(time.replace(/\.(\d{3})\d*Z$/, ".$1Z")) : "";
    return `${[prefix, stamp, shown(text, s)].filter((part) => part !== "").join(" ")}\n`;
  };
}
