import type { SpawnOptions } from "./spawn.ts";

export interface Shown {
  readonly code: number | null;
  /** Everything that was written to the terminal. */
  readonly written: string;
  /** What stands on it in the end, without the empty lines below. */
  readonly screen: string;
  readonly cursorVisible: boolean;
}

const COLUMNS = 100;
const ROWS = 30;
const DEADLINE_MS = 100_000;

/** Runs a program on a pseudo terminal. `type` may send it input once it has started. */
export async function runOnTerminal(
  argv: readonly string[],
  { cwd, env }: SpawnOptions,
  type: (send: (text: string) => void, written: () => string) => Promise<void> = async () => {},
): Promise<Shown> {
  const chunks: Uint8Array[] = [];
  const written = () => Buffer.concat(chunks).toString("utf8");
  const child = Bun.spawn([...argv], {
    cwd,
    env: { ...env, TERM: "xterm-256color" },
    terminal: { cols: COLUMNS, rows: ROWS, data: (_terminal, data) => void chunks.push(data.slice()) },
    timeout: DEADLINE_MS,
    killSignal: "SIGKILL",
  });
  await Promise.all([type((text) => child.terminal?.write(text), written), child.exited]);
  child.terminal?.close();
  return { code: child.exitCode, written: written(), ...draw(written()) };
}

/** A control sequence, or one character. */
const SEQUENCE = new RegExp(`${String.fromCharCode(0x1b)}\\[(\\??)([\\d;]*)([A-Za-z])|[\\s\\S]`, "gu");

/** The few control sequences that the program may use, applied to an endless screen. Throws for any other. */
function draw(written: string): { screen: string; cursorVisible: boolean } {
  const lines: string[][] = [[]];
  let row = 0;
  let column = 0;
  let cursorVisible = true;
  for (const [all, mark, digits, letter] of written.matchAll(SEQUENCE)) {
    const count = Number(digits || 1);
    if (letter === undefined) {
      if (all === "\r") column = 0;
      else if (all === "\n") row++;
      else line(lines, row)[column++] = all;
    } else if (mark === "?") {
      if (digits === "25") cursorVisible = letter === "h";
    } else if (letter === "A") row = Math.max(0, row - count);
    else if (letter === "K") line(lines, row).length = Math.min(column, line(lines, row).length);
    else if (letter === "J") {
      line(lines, row).length = Math.min(column, line(lines, row).length);
      lines.length = Math.min(lines.length, row + 1);
    } else if (letter !== "m") throw new Error(`unexpected control sequence ${JSON.stringify(all)}`);
  }
  const screen = lines.map((cells) =>
    Array.from(cells, (cell) => cell ?? " ")
      .join("")
      .trimEnd(),
  );
  return { screen: screen.join("\n").trimEnd(), cursorVisible };
}

function line(lines: string[][], row: number): string[] {
  while (lines.length <= row) lines.push([]);
  return lines[row] as string[];
}
