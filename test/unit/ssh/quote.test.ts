import { expect, test } from "bun:test";
import { HomelabError } from "../../../src/errors.ts";
import { quoteCommand, quoteForeground, quoteWord } from "../../../src/ssh/quote.ts";
import { eventually } from "../../helpers/eventually.ts";
import { runOnTerminal } from "../../helpers/terminal.ts";
import { randomFrom } from "../random.ts";

test.each([
  ["plain-word_1./:,+@", "plain-word_1./:,+@"],
  ["", "''"],
  ["a b", "'a b'"],
  ["it's", "'it'\\''s'"],
  ["'", "\\'"],
  ["\\", "\\\\"],
  ["a\\'b", "'a'\\\\\\''b'"],
  ["$(id) `id` $HOME", "'$(id) `id` $HOME'"],
  ["~", "'~'"],
  ["a=b", "'a=b'"],
  ["new\nline", "'new\nline'"],
  ["ä", "'ä'"],
])("%j is the word %j", (word, quoted) => {
  expect(quoteWord(word)).toBe(quoted);
});

test("a program is no keyword and no alias, and the shell stays to tell of its signal", () => {
  expect(quoteCommand(["time", "-p", "true"])).toBe("'time' -p true && true");
});

test.each([[[]], [[""]], [["a\0"]], [["echo", "\0"]]])("%j is no command", (argv) => {
  expect(() => quoteCommand(argv)).toThrow(HomelabError);
});

const ALPHABET = [..."ab \\'\"$`!~*?[]{}()<>|&;#=%^-\n\t\r\u0001äß🏠"];

/** Those of the login shells that are on this machine; sh is on all of them. */
const SHELLS = ["sh", "dash", "bash", "zsh", "fish"].filter((shell) => Bun.which(shell) !== null);

test.each(SHELLS)("whatever the words, %s hands them on as they are", (shell) => {
  const random = randomFrom(7);
  const word = () => Array.from({ length: random(12) }, () => ALPHABET[random(ALPHABET.length)]).join("");
  for (let round = 0; round < 12; round++) {
    const words = Array.from({ length: 60 }, word);
    const { stdout, exitCode } = Bun.spawnSync([shell, "-c", quoteCommand(["printf", "%s\\0", ...words])]);
    expect([stdout.toString(), exitCode]).toEqual([words.map((each) => `${each}\0`).join(""), 0]);
  }
});

test.each(SHELLS)("%s gives the program's exit code, and says which signal ended it", (shell) => {
  const code = (...argv: string[]) =>
    Bun.spawnSync([shell, "-c", quoteCommand(argv)], { stderr: "ignore" }).exitCode;
  expect([
    code("true"),
    code("sh", "-c", "exit 9"),
    code("no-such-program"),
    code("sh", "-c", "kill -9 $$"),
  ]).toEqual([0, 9, 127, 137]);
});

test.each(SHELLS)("%s outlives Ctrl-C on a terminal, and says how the program took it", async (shell) => {
  const code = async (script: string) => {
    const argv = [shell, "-c", quoteForeground(["sh", "-c", script])];
    const options = { cwd: "/", env: process.env };
    const shown = await runOnTerminal(argv, options, async (send, written) => {
      await eventually("it is ready", () => written().includes("ready"));
      send("\u0003");
    });
    return shown.code;
  };
  expect(await code("trap 'exit 7' INT; echo ready; while :; do sleep 0.05; done")).toBe(7);
  expect(await code("echo ready; exec sleep 300")).toBe(130);
});
