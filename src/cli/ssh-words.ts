import { HomelabError } from "../errors.ts";

/** Which command takes the words, and what it is given first. */
export type SshCommand = "vm" | "host";

const FIRST = { vm: "a MicroVM", host: "a host" } as const;

/** Where to, and what is to be run there: with `--` between them, or without. Throws `usage`. */
export function splitSsh(command: SshCommand, words: readonly string[]): { name: string; typed: string[] } {
  const [name, ...rest] = words;
  const what = FIRST[command];
  if (name === undefined || name === "--") {
    const hint = `\`homelab ${command} list\` shows those that there are`;
    throw new HomelabError("usage", `\`${command} ssh\` needs ${what}`, { hint });
  }
  const typed = rest[0] === "--" ? rest.slice(1) : rest;
  if (rest[0] === "--" && typed.length === 0) {
    const hint = `\`homelab ${command} ssh ${name}\` logs in`;
    throw new HomelabError("usage", "there is no command behind `--`", { hint });
  }
  if (rest[0] !== "--" && rest.includes("--")) {
    const hint = `\`${command} ssh\` takes one name`;
    throw new HomelabError("usage", `unexpected word \`${rest[0]}\` between \`${name}\` and \`--\``, {
      hint,
    });
  }
  return { name, typed };
}

/**
 * Several words are a program and its arguments, which arrive as they are. A single one is a line for the shell there,
 * as `ssh` has it: "ip addr; ip route".
 */
export function remoteCommand(typed: readonly string[]): string[] {
  const [line] = typed;
  return typed.length === 1 && line !== undefined && /[^\w./-]/.test(line) ? ["sh", "-c", line] : [...typed];
}
