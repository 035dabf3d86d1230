import type { Binding } from "./bindings.ts";
import { isSecretName, mentionsSecret } from "./secrets.ts";
import type { Lines, Token } from "./tokens.ts";

/** A quick look whether a file may have such lines at all. */
export const MAY_HIDE = /passw|passphrase|token|secret|credential|key/i;

/**
 * Lines with something on them that nobody should be shown: texts that are the value of what is called like a secret,
 * however it comes about, and texts with a secret in the midst of them.
 */
export function hiddenLines(
  tokens: readonly Token[],
  bindings: readonly Binding[],
  lines: Lines,
): Set<number> {
  const hidden = new Set<number>();
  const hide = (from: Token, to: Token) => {
    const last = lines.at(Math.max(to.end - 1, from.at)).line;
    for (let { line } = lines.at(from.at); line <= last; line++) hidden.add(line);
  };
  const isText = ({ kind, text }: Token) => (kind === "string" || kind === "part") && text !== "";
  for (const token of tokens) if (isText(token) && mentionsSecret(token.text)) hide(token, token);
  // Sets lie in sets, and none is gone through again: how many texts there are before a token says what is in one.
  const texts = [0];
  for (const token of tokens) texts.push((texts.at(-1) as number) + (isText(token) ? 1 : 0));
  let behind = 0;
  for (const { path, name, value, end } of bindings) {
    if (end <= behind || !isSecretName(path.at(-1) ?? "") || texts[end] === texts[value]) continue;
    behind = end;
    hide(tokens[name] as Token, tokens[end - 1] as Token);
  }
  return hidden;
}
