import { HomelabError } from "../errors.ts";

/** Nothing in these means anything to any shell. */
const PLAIN = /^[A-Za-z0-9_./:,+@-]+$/;

/**
 * One argument as a word of the shell that it passes through. Backslashes stand outside of the quotes, as fish reads
 * some of them inside as well.
 */
export function quoteWord(word: string): string {
  if (PLAIN.test(word)) return word;
  return quoted(word);
}

function quoted(word: string): string {
  const pieces = word.match(/[^'\\]+|['\\]/g) ?? [""];
  return pieces.map((piece) => (piece === "'" || piece === "\\" ? `\\${piece}` : `'${piece}'`)).join("");
}

/**
 * An argument vector as the line for the login shell on the other side: sshd hands every command to it. Right for sh,
 * dash, bash, zsh and fish. The program's name is always quoted, so that it is no keyword and no alias.
 */
export function quoteCommand(argv: readonly string[]): string {
  const [program = "", ...args] = argv;
  if (program === "" || argv.some((word) => word.includes("\0")))
    throw new HomelabError("usage", "a program and its arguments cannot be empty or have a NUL character");
  // A shell that has something left to do stays, and says which signal ended the program: 128 and its number.
  return `${[quoted(program), ...args.map(quoteWord)].join(" ")} && true`;
}

/**
 * The same for a terminal: Ctrl-C reaches the shell as well, which has to outlive the program to say how it ended.
 */
export const quoteForeground = (argv: readonly string[]): string => `trap : INT; ${quoteCommand(argv)}`;
