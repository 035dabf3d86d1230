import { HomelabError } from "../../errors.ts";

/** The MicroVM, and what is to be run in it: with `--` between them, or without. Throws `usage`. */
export function splitSsh(words: readonly string[]): { name: string; typed: string[] } {
  const [name, ...rest] = words;
  if (name === undefined || name === "--")
    throw new HomelabError("usage", "`vm ssh` needs a MicroVM", {
      hint: "`homelab vm list` shows those that there are",
    });
  const typed = rest[0] === "--" ? rest.slice(1) : rest;
  if (rest[0] === "--" && typed.length === 0)
    throw new HomelabError("usage", "there is no command behind `--`", {
      hint: `\`homelab vm ssh ${name}\` logs in`,
    });
  if (rest[0] !== "--" && rest.includes("--"))
    throw new HomelabError("usage", `unexpected word \`${rest[0]}\` between \`${name}\` and \`--\``, {
      hint: "`vm ssh` takes one MicroVM",
    });
  return { name, typed };
}

/**
 * Several words are a program and its arguments, which arrive as they are. A single one is a line for the shell there,
 * as `ssh` has it: "ip addr; ip route".
 */
export function guestCommand(typed: readonly string[]): string[] {
  const [line] = typed;
  return typed.length === 1 && line !== undefined && /[^\w./-]/.test(line) ? ["sh", "-c", line] : [...typed];
}
