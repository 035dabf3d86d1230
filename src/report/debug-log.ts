import { now } from "../clock.ts";
import { withoutPassword } from "../git/words.ts";
import type { Trace } from "../process/trace.ts";
import { formatDuration } from "./duration.ts";
import { printableLog } from "./style.ts";

/** A line of the log that Nix writes for programs, as a person reads it; undefined for what says nothing. */
export function nixLine(line: string): string | undefined {
  if (!line.startsWith("@nix ")) return line;
  try {
    const { action, type, msg, text, fields } = JSON.parse(line.slice("@nix ".length));
    if (action === "msg") return String(msg);
    if (action === "start") return text ? String(text) : undefined;
    // Lines of a build, and of what runs after it.
    return action === "result" && (type === 101 || type === 107) ? String(fields?.[0]) : undefined;
  } catch {
    // Cut off, or of a Nix to come: as it is.
    return line;
  }
}

/** An address may carry a password or a token; the user of a login is neither. */
export const withoutTokens = (text: string): string =>
  text.replace(/[\w+.-]*:\/\/[^@/\s]+@/g, (found) =>
    /(?:^|\+)ssh(?:-ng)?:\/\/[^:]+@$/.test(found) ? found : withoutPassword(found),
  );

/**
 * What is told of must go on when it cannot be told: the first write that fails is the last one. `failure` says why,
 * for the end.
 */
export function untilItFails(write: (text: string) => void): {
  readonly write: (text: string) => void;
  readonly failure: () => string | undefined;
} {
  let failure: string | undefined;
  return {
    write: (text) => {
      if (failure !== undefined) return;
      try {
        write(text);
      } catch (error) {
        failure = error instanceof Error ? error.message : String(error);
      }
    },
    failure: () => failure,
  };
}

/** Writes what every program is called with, says, and ends with, as it happens: whole lines, each with its program. */
export function debugLog(write: (text: string) => void, clock: () => Date = () => new Date()): Trace {
  let count = 0;
  return (argv) => {
    const id = ++count;
    const began = now();
    const rest = { stdout: "", stderr: "" };
    const decoder = { stdout: new TextDecoder(), stderr: new TextDecoder() };
    const say = (text: string) =>
      write(`${clock().toISOString().slice(11, 23)} #${id} ${printableLog(withoutTokens(text))}\n`);
    const line = (stream: "stdout" | "stderr", text: string) => {
      const readable = nixLine(text.replace(/\r$/, ""));
      if (readable === undefined) return;
      for (const each of readable.split("\n")) say(`${stream === "stdout" ? "|" : "!"} ${each}`);
    };
    say(`$ ${argv.map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : JSON.stringify(word))).join(" ")}`);
    return {
      piece(stream, piece) {
        const lines = (rest[stream] + decoder[stream].decode(piece, { stream: true })).split("\n");
        rest[stream] = lines.pop() ?? "";
        for (const each of lines) line(stream, each);
      },
      ended({ exitCode, signal, timedOut }) {
        for (const stream of ["stdout", "stderr"] as const)
          if (rest[stream] !== "") line(stream, rest[stream]);
        const how = timedOut ? "timed out" : signal ? `ended by ${signal}` : `exit code ${exitCode}`;
        say(`= ${how}, after ${formatDuration(now() - began)}`);
      },
    };
  };
}
