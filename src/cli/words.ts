import type { ArgsDef } from "citty";
import { nearest } from "../book/nearest.ts";
import { HomelabError } from "../errors.ts";
import type { Command } from "./command.ts";
import { invalidValue, splitOption, unknownOption } from "./options.ts";

/**
 * Checks a command's words against its options and the number of words it takes, strictly: nothing unknown is
 * ignored. Returns them in the one form that the parser reads without doubt. Throws `usage`.
 */
export function checkWords(
  name: string,
  { args, words: limits }: Pick<Command, "args" | "words">,
  words: readonly string[],
): string[] {
  const options: string[] = [];
  const positionals: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (word === "--") {
      positionals.push(...words.slice(limits.keepsDashes ? i : i + 1));
      break;
    }
    const letters = switchesOf(args, word);
    if (letters) {
      options.push(...letters);
      continue;
    }
    const [option, attached] = splitOption(word);
    if (option === undefined) positionals.push(word);
    else {
      const { text, usedNext } = checkOption(name, args, option, attached, words[i + 1]);
      options.push(text);
      if (usedNext) i++;
    }
  }
  checkCount(name, limits, positionals);
  return [...options, "--", ...positionals];
}

/** Several switches in one word, `-Ru`, as their long names; undefined for what is none. */
function switchesOf(args: ArgsDef, word: string): string[] | undefined {
  if (!/^-[A-Za-z]{2,}$/.test(word)) return undefined;
  const names = [...word.slice(1)].map((letter) => longName(args, `-${letter}`));
  const all = names.every((name) => name !== undefined && args[name]?.type === "boolean");
  return all ? names.map((name) => `--${name}`) : undefined;
}

function checkOption(
  command: string,
  args: ArgsDef,
  option: string,
  attached: string | undefined,
  next: string | undefined,
): { text: string; usedNext: boolean } {
  const name = option.startsWith("--") ? option.slice(2) : longName(args, option);
  const spec = name === undefined ? undefined : optionOf(args, name);
  if (!spec || spec.type === "positional") throw unknownOption(command, option, args);
  if (spec.type === "boolean") {
    if (attached !== undefined) throw new HomelabError("usage", `\`${option}\` takes no value`);
    return { text: `--${name}`, usedNext: false };
  }
  const value = attached ?? next;
  if (value === undefined || value === "") throw new HomelabError("usage", `\`${option}\` needs a value`);
  if (spec.type === "enum" && !spec.options?.includes(value)) {
    throw invalidValue(
      option,
      value,
      `one of ${spec.options?.join(", ")}`,
      nearest(value, spec.options ?? []),
    );
  }
  return { text: `--${name}=${value}`, usedNext: attached === undefined };
}

/** The option that a letter stands for: `-f` for `follow`. */
const longName = (args: ArgsDef, option: string): string | undefined =>
  Object.entries(args).find(([, spec]) => "alias" in spec && spec.alias === option.slice(1))?.[0];

/** A command's option by its name; `no-x` means a switch `x` that is on by default. */
function optionOf(args: ArgsDef, name: string): ArgsDef[string] | undefined {
  if (Object.hasOwn(args, name)) return args[name];
  const switched =
    name.startsWith("no-") && Object.hasOwn(args, name.slice(3)) ? args[name.slice(3)] : undefined;
  return switched?.default === true ? switched : undefined;
}

function checkCount(name: string, { min, max, label }: Command["words"], words: readonly string[]): void {
  const hint = `see \`homelab ${name} --help\``;
  if (words.length > max)
    throw new HomelabError("usage", `unexpected word \`${words[max]}\` after \`${name}\``, { hint });
  if (words.length < min) throw new HomelabError("usage", `\`${name}\` needs ${label}`, { hint });
}
