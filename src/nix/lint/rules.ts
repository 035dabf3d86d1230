import type { Finding } from "../finding.ts";
import { argumentOf, READERS, secretIn } from "./argument.ts";
import { type Binding, behindArgument, closing, isId, isOp } from "./bindings.ts";
import { isSecretVariable } from "./secrets.ts";
import type { Token } from "./tokens.ts";
import { alternatives, plainValue, type Range, withoutParentheses } from "./values.ts";

/** A finding at a token. */
export interface Hit extends Omit<Finding, "at"> {
  readonly token: Token;
}

/** Without one of these words there is nothing that a rule could be about. */
export const WORDS =
  /mkIf|getEnv|readFile|fileContents|importJSON|importTOML|serviceConfig|firewall|ermitRootLogin|assword/;

/** Everything that the rules find in a file. What stands in a comment or in a string is no code, and not looked at. */
export function applyRules(tokens: readonly Token[], bindings: readonly Binding[]): Hit[] {
  const hits: Hit[] = [];
  const handed = inherited(tokens);
  for (const [at, token] of tokens.entries())
    if (token.kind === "id" && CALLS.has(token.text) && !handed.has(at))
      hits.push(...callRule(tokens, token, at));
  for (const binding of bindings) hits.push(...bindingRules(tokens, binding));
  return hits.sort((a, b) => a.token.at - b.token.at);
}

const CALLS: ReadonlySet<string> = new Set(["mkIf", "getEnv", ...READERS]);

/** Names that `inherit` hands on: what stands behind one of them is no argument. */
function inherited(tokens: readonly Token[]): ReadonlySet<number> {
  const found = new Set<number>();
  for (let at = 0; at < tokens.length; at++) {
    if (!isId(tokens[at], "inherit")) continue;
    if (isOp(tokens[at + 1], "(")) at = closing(tokens, at + 1);
    for (; at < tokens.length && !isOp(tokens[at], ";"); at++) found.add(at);
  }
  return found;
}

/** A name of one of the functions that the rules know; where it is only defined it has no argument. */
function callRule(tokens: readonly Token[], token: Token, at: number): Hit[] {
  if (token.text === "mkIf")
    return behindArgument(tokens, at + 1) > at + 1 ? mkIf(tokens, token, at + 1) : [];
  const argument = argumentOf(tokens, at);
  if (!argument) return [];
  return token.text === "getEnv"
    ? secretVariable(tokens, token, argument)
    : secretFile(tokens, token, argument);
}

const ENDS_UP = "ends up where everybody can read it";

function secretFile(tokens: readonly Token[], token: Token, argument: Range): Hit[] {
  const secret = secretIn(tokens, argument);
  if (!secret) return [];
  const { secrecy, what } = secret;
  const hint =
    "hand the path on, for the service to read it when it runs: `LoadCredential`, `EnvironmentFile`, `passwordFile`";
  const rule = "secret-read";
  if (secrecy === "surely") {
    const text = `\`${what}\` is read when the configuration is evaluated, and what is in it ${ENDS_UP}`;
    return [{ level: "error", rule, token, text, hint }];
  }
  const text = `\`${what}\`, by its name a secret, is read when the configuration is evaluated, and what is in it ${ENDS_UP}`;
  const unless = `${hint}; if it is no secret: \`# homelab: allow secret-read\` with the reason behind it`;
  return [{ level: "warning", rule, token, text, hint: unless }];
}

const VARIABLE = /^\w{1,128}$/;

function secretVariable(tokens: readonly Token[], token: Token, argument: Range): Hit[] {
  const [at, end] = withoutParentheses(tokens, ...argument);
  const name = tokens[at];
  if (name?.kind !== "string" || end - at > 1 || !VARIABLE.test(name.text)) return [];
  if (!isSecretVariable(name.text)) return [];
  return [
    {
      level: "warning",
      rule: "secret-read",
      token,
      text: `the variable \`${name.text}\` is read when the configuration is evaluated, and its value ${ENDS_UP}`,
      hint: "keep it in a file that the service reads when it runs: `LoadCredential`, `EnvironmentFile`",
    },
  ];
}

const isBoolean = (token: Token | undefined): boolean => isId(token, "true") || isId(token, "false");

function mkIf(tokens: readonly Token[], token: Token, from: number): Hit[] {
  const behind = behindArgument(tokens, from);
  const [first, last] = withoutParentheses(tokens, from, behind);
  if (last - first === 1 && isId(tokens[first], "true")) {
    return [
      {
        level: "error",
        rule: "mkif-true",
        token,
        text: "`mkIf true` is always in force: its condition decides nothing",
        hint: "write what it holds without `mkIf`, or the condition that was meant",
      },
    ];
  }
  const hits: Hit[] = [];
  const compared = comparison(tokens, first, last);
  if (compared) {
    hits.push({
      level: "warning",
      rule: "mkif-comparison",
      token: compared,
      text: "a condition is compared with `true` or `false`",
      hint: "write the condition itself, with `!` in front of it for the opposite",
    });
  }
  if (isId(tokens[behind], "true") && isEnd(tokens[behind + 1])) {
    hits.push({
      level: "warning",
      rule: "mkif-value",
      token,
      text: "`mkIf CONDITION true` sets what the condition is already",
      hint: "write the condition itself as the value",
    });
  }
  return hits;
}

/** `== true` and its like, not inside of further brackets. */
function comparison(tokens: readonly Token[], from: number, to: number): Token | undefined {
  for (let at = from; at < to; ) {
    const token = tokens[at] as Token;
    const compares = isOp(token, "==") || isOp(token, "!=");
    if (compares && (isBoolean(tokens[at - 1]) || isBoolean(tokens[at + 1]))) return token;
    at = Math.max(behindArgument(tokens, at), at + 1);
  }
  return undefined;
}

const isEnd = (token: Token | undefined): boolean =>
  token === undefined || (token.kind === "op" && /^[;)\]}]$/.test(token.text));

const USER_PASSWORDS = new Set(["initialPassword", "hashedPassword", "initialHashedPassword"]);

function bindingRules(tokens: readonly Token[], binding: Binding): Hit[] {
  const { path } = binding;
  const name = path.at(-1) ?? "";
  const below = (...names: string[]) => names.every((each, at) => path.at(at - names.length) === each);
  const token = tokens[binding.name] as Token;
  const value = () => plainValue(tokens, binding);
  if (below("serviceConfig", "User")) return rootService(tokens, binding);
  if (below("networking", "firewall", "enable") && isId(value(), "false")) {
    return [
      {
        level: "warning",
        rule: "firewall-off",
        token,
        text: "the firewall is off",
        hint: "leave it on, and open what is needed: `networking.firewall.allowedTCPPorts`",
      },
    ];
  }
  if (/^permitRootLogin$/i.test(name) && value()?.kind === "string" && value()?.text === "yes") {
    return [
      {
        level: "warning",
        rule: "ssh-root-login",
        token,
        text: "root may log in over ssh with a password",
        hint: 'set it to "prohibit-password", or to "no" with a user who may use sudo',
      },
    ];
  }
  const isPassword = USER_PASSWORDS.has(name) || (name === "password" && path.includes("users"));
  return isPassword ? literalPassword(name, token, value()) : [];
}

const isRoot = (value: Token | undefined): boolean =>
  (value?.kind === "string" && /^(?:root|0)$/.test(value.text)) ||
  (value?.kind === "number" && value.text === "0");

function rootService(tokens: readonly Token[], binding: Binding): Hit[] {
  const token = tokens[binding.name] as Token;
  const rule = "run-as-root";
  const hint =
    "give it a user of its own, or `DynamicUser = true`; if it must be root: `# homelab: allow run-as-root` with the reason behind it";
  if (isRoot(plainValue(tokens, binding)))
    return [{ level: "error", rule, token, text: "the service runs as root", hint }];
  const may = alternatives(tokens, binding.value, binding.end).some(
    ([from, to]) => to - from === 1 && isRoot(tokens[from]),
  );
  return may ? [{ level: "warning", rule, token, text: "the service may run as root", hint }] : [];
}

/** What means that nobody logs in with a password. */
const NO_PASSWORD = /^(?:[!*]+|x)?$/;

function literalPassword(name: string, token: Token, value: Token | undefined): Hit[] {
  if (value?.kind !== "string" || NO_PASSWORD.test(value.text)) return [];
  return [
    {
      level: "warning",
      rule: "literal-password",
      token,
      text: `\`${name}\` has its value in the configuration, where everybody on the machine can read it`,
      hint: "use `hashedPasswordFile` with a file that sops or agenix writes",
    },
  ];
}
