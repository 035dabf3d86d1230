import type { Chance } from "./chance.ts";

/** Much of one thing: what takes a program more than its share of time. */
export function excess(chance: Chance): string {
  const times = chance.pick([500, 3000, 20_000]);
  const of = (text: string) => text.repeat(Math.ceil(times / text.length));
  const deep = Math.min(times, 12_000);
  return chance.pick([
    () => `a: ${"[".repeat(deep)}${"]".repeat(deep)}`,
    () => `services: ${"{a: ".repeat(deep / 4)}x${"}".repeat(deep / 4)}`,
    () => of("["),
    () => of("{a: "),
    () => of("- "),
    () => of("? "),
    () => Array.from({ length: 200 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n"),
    () => `services:\n  a: { description: "${of("x")}" }\n`,
    () => `services:\n  ${of("x")}: {}\n`,
    () =>
      `services:\n${Array.from({ length: times / 20 }, (_, at) => `  s${at}: { needs: [s${at + 1}] }\n`).join("")}`,
    () =>
      `services:\n${Array.from({ length: times / 20 }, (_, at) => `  s${at}: { wrong${at}: 1 }\n`).join("")}`,
    () => `services:\n  a: { image: "${of("${X:-")}${of("}")}" }\n`,
    () => `services:\n  a: { image: "${of("${X{ ")}" }\n`,
    () => `services:\n  a: { image: "${of("${X:-{")}}" }\n`,
    () => `services:\n  a: { image: "${of("$X")}" }\n`,
    () => bomb(chance.pick([4, 9, 12]), chance.pick(["x", "$X"])),
    () => `A=${of(" ")}x`,
    () => `A${of(" ")}x`,
    () => `A=x${of(" ")}y${of(" ")}`,
    () => `A='${of("\\'")}`,
    () => `A="${of('\\"x\nB="')}`,
    () => `${of("A='x\n")}`,
    () => `a${of(" ")}b`,
    () => `a${of(" \t")}x=y: b`,
    () => `a ${of("'")}:`,
    () => `a:\n  ${of("{{ ")}`,
    () => `a:\n  {{${of(" ")}x`,
    () => `ensure-a:\n  ${of("docker compose ")}`,
    () => `ensure-a:\n  docker compose up ${of("/a")}`,
    () => of("\n"),
    () => of(" "),
    () => of("\t"),
    () => of("#"),
    () => of("a: b\n"),
    () => of("'"),
    () => of('"'),
    () => of("&a "),
    () => of("*a "),
    () => of("!"),
    () => of("---\n"),
    () => of("<<: {a: 1}\n"),
    () => `a: |\n  ${of("x\n  ")}`,
    () => `a: "${of("\\n")}"`,
    () => `{${of("a: 1, ")}}`,
    () => `[${of('"a", ')}]`,
    () => of("\u2028"),
    () => of("😀"),
  ])();
}

/** Aliases that stand for more and more. */
function bomb(levels: number, text: string): string {
  const anchors = Array.from({ length: levels }, (_, level) => {
    const inner = level === 0 ? JSON.stringify(text) : `*a${level - 1}`;
    return `x${level}: &a${level} [${Array.from({ length: 9 }, () => inner).join(", ")}]\n`;
  });
  return `${anchors.join("")}services:\n  a: { image: x, command: *a${levels - 1} }\n`;
}
