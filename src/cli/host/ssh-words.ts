import { HomelabError } from "../../errors.ts";

/** The host, and what is to be run on it: with `--` between them, or without. Throws `usage`. */
export function splitSsh([name, ...rest]: readonly string[]): { name: string; typed: string[] } {
  if (name === undefined || name === "--")
    throw new HomelabError("usage", "`host ssh` needs a host", {
      hint: "`homelab host list` shows all hosts",
    });
  const typed = rest[0] === "--" ? rest.slice(1) : rest;
  if (rest[0] === "--" && typed.length === 0) {
    throw new HomelabError("usage", "there is no command behind `--`", {
      hint: `\`homelab host ssh ${name}\` logs in`,
    });
  }
  if (rest[0] !== "--" && rest.includes("--")) {
    throw new HomelabError("usage", `unexpected word \`${rest[0]}\` between \`${name}\` and \`--\``, {
      hint: "`host ssh` takes one host",
    });
  }
  return { name, typed };
}

/**
 * Several words are a program and its arguments, which arrive as they are. A single one is a line for the shell there,
 * as `ssh` has it: "df -h; uptime".
 */
export function hostCommand(typed: readonly string[]): string[] {
  const [line] = typed;
  return typed.length === 1 && line !== undefined && /[^\w./-]/.test(line) ? ["sh", "-c", line] : [...typed];
}
