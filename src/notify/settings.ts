import { nearest } from "../book/nearest.ts";

/** Where an HTTP notification goes. */
export interface Endpoint {
  /** Without user and password. A secret: its path may be all that keeps others out. */
  readonly url: string;
  /** Host and port: all that may be shown. */
  readonly host: string;
  /** Value of the Authorization header. */
  readonly authorization?: string | undefined;
}

export type Channel =
  | { readonly name: "slack" | "discord" | "ntfy" | "webhook"; readonly endpoint: Endpoint }
  | { readonly name: "gotify"; readonly endpoint: Endpoint; readonly key: string }
  | { readonly name: "mail"; readonly to: string; readonly from?: string | undefined };

export interface Settings {
  readonly channels: readonly Channel[];
  /** `failure`: of failures and their end. `change`: of changes as well. */
  readonly on: "failure" | "change";
}

const KEYS = [
  "SLACK_WEBHOOK",
  "DISCORD_WEBHOOK",
  "NTFY_URL",
  "NTFY_TOKEN",
  "GOTIFY_URL",
  "GOTIFY_TOKEN",
  "WEBHOOK_URL",
  "WEBHOOK_TOKEN",
  "MAIL_TO",
  "MAIL_FROM",
  "ON",
] as const;
type Key = (typeof KEYS)[number];

interface Entry {
  readonly value: string;
  readonly line: number;
}

/**
 * Reads KEY=VALUE lines. What is wrong becomes a warning with its line and never with what stands there: a token
 * that was put on a line of its own must not be shown.
 */
export function parseSettings(text: string, file: string): { settings: Settings; warnings: string[] } {
  const warnings: string[] = [];
  const entries = new Map<Key, Entry>();
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const problem = readLine(line, index + 1, entries);
    if (problem) warnings.push(`${file}:${index + 1}: ${problem}`);
  }
  const warn = (key: Key, problem: string) =>
    warnings.push(`${file}:${entries.get(key)?.line ?? 1}: ${problem}`);
  return { settings: settingsOf(entries, warn), warnings };
}

function readLine(line: string, number: number, entries: Map<Key, Entry>): string | undefined {
  const match = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/.exec(line);
  if (!match) return "this line is ignored: it is not of the form KEY=VALUE";
  const [, name = "", written = ""] = match;
  const key = KEYS.find((known) => known === name);
  if (!key) {
    const close = nearest(name.toUpperCase(), KEYS) ?? KEYS.find((known) => known === name.toUpperCase());
    return `this line is ignored: unknown key${close ? `, did you mean ${close}?` : ""}`;
  }
  const value = written.replace(/^(["'])(.*)\1$/, "$2");
  if (value === "") return undefined;
  const before = entries.get(key);
  entries.set(key, { value, line: number });
  return before && `${key} stands here a second time; this one counts, not line ${before.line}`;
}

type Warn = (key: Key, problem: string) => void;

function settingsOf(entries: ReadonlyMap<Key, Entry>, warn: Warn): Settings {
  const value = (key: Key) => entries.get(key)?.value;
  const channels: Channel[] = [];
  for (const [name, key, token] of HTTP) {
    const endpoint = endpointOf(key, entries, warn, token && value(token));
    if (endpoint) channels.push({ name, endpoint });
    if (token && value(token) !== undefined && value(key) === undefined)
      warn(token, `${token} is without ${key}`);
  }
  const gotify = endpointOf("GOTIFY_URL", entries, warn);
  const key = value("GOTIFY_TOKEN");
  if (gotify && key !== undefined) channels.push({ name: "gotify", endpoint: gotify, key });
  else if (gotify) warn("GOTIFY_URL", "GOTIFY_URL is without GOTIFY_TOKEN, so nothing is sent there");
  else if (key !== undefined && value("GOTIFY_URL") === undefined) {
    warn("GOTIFY_TOKEN", "GOTIFY_TOKEN is without GOTIFY_URL");
  }
  const mail = mailOf(entries, warn);
  if (mail) channels.push(mail);
  const on = value("ON") ?? "failure";
  if (on === "failure" || on === "change") return { channels, on };
  warn("ON", "ON takes `failure` or `change`; `failure` is assumed");
  return { channels, on: "failure" };
}

const HTTP: readonly (readonly ["slack" | "discord" | "ntfy" | "webhook", Key, Key?])[] = [
  ["slack", "SLACK_WEBHOOK"],
  ["discord", "DISCORD_WEBHOOK"],
  ["ntfy", "NTFY_URL", "NTFY_TOKEN"],
  ["webhook", "WEBHOOK_URL", "WEBHOOK_TOKEN"],
];

function endpointOf(
  key: Key,
  entries: ReadonlyMap<Key, Entry>,
  warn: Warn,
  token?: string,
): Endpoint | undefined {
  const entry = entries.get(key);
  if (!entry) return undefined;
  const url = URL.parse(entry.value);
  if (!url || !/^https?:$/.test(url.protocol) || url.hostname === "") {
    warn(key, `${key} is no http or https address, so nothing is sent there`);
    return undefined;
  }
  if (key === "NTFY_URL" && url.pathname === "/") {
    warn(key, "NTFY_URL is without a topic (https://ntfy.sh/TOPIC), so nothing is sent there");
    return undefined;
  }
  const { username, password } = url;
  url.username = "";
  url.password = "";
  const basic = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString("base64");
  const authorization = token ? `Bearer ${token}` : username ? `Basic ${basic}` : undefined;
  return { url: url.href, host: url.host, authorization };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that begins no code stands for itself.
    return text;
  }
}

/** A user of this machine, or somebody elsewhere; several with commas. Nothing that could begin a header. */
const ADDRESSES =
  /^[^\s,<>@\p{Cc}]+(?:@[^\s,<>@\p{Cc}]+)?(?:\s*,\s*[^\s,<>@\p{Cc}]+(?:@[^\s,<>@\p{Cc}]+)?)*$/u;

function mailOf(entries: ReadonlyMap<Key, Entry>, warn: Warn): Channel | undefined {
  const to = entries.get("MAIL_TO")?.value;
  const from = entries.get("MAIL_FROM")?.value;
  if (to === undefined) {
    if (from !== undefined) warn("MAIL_FROM", "MAIL_FROM is without MAIL_TO");
    return undefined;
  }
  if (!ADDRESSES.test(to)) {
    warn(
      "MAIL_TO",
      "MAIL_TO is no list of mail addresses (a@example.org, b@example.org), so no mail is sent",
    );
    return undefined;
  }
  if (from === undefined || (ADDRESSES.test(from) && !from.includes(","))) return { name: "mail", to, from };
  warn("MAIL_FROM", "MAIL_FROM is no mail address, and is left out");
  return { name: "mail", to };
}
