import { redactor } from "../process/redact.ts";
import { runProcess } from "../process/runner.ts";
import { printable } from "../report/style.ts";
import { mailOf } from "./mail.ts";
import { type Message, type Payload, payloadFor } from "./payload.ts";
import type { Channel } from "./settings.ts";

/** One notification may take this long, in milliseconds. */
const DEADLINE_MS = 10_000;
/** `sendmail` gets this long to end when it is told to. */
const GRACE_MS = 500;
/** Of an answer that is no success, this many bytes are read. */
const ANSWER_BYTES = 2_000;
/** Of an answer, this many characters are shown. */
const SHOWN = 200;

/** What became of a notification. */
export interface Answer {
  readonly channel: Channel["name"];
  /** Whom it was sent to, without anything secret: a host, or `sendmail`. */
  readonly to: string;
  readonly ok: boolean;
  /** "HTTP 404", "no answer within 10 s". Nothing of the address or of a token. */
  readonly detail: string;
  /** What the other side said about it, secrets masked. */
  readonly said?: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

export interface SendOptions {
  readonly env: Environment;
  /** All channels that are configured: nothing secret of any of them is shown. */
  readonly channels: readonly Channel[];
  /** Ends it at once. */
  readonly signal: AbortSignal;
}

/** Sends a message to a channel, once. Never throws. */
export async function send(channel: Channel, message: Message, options: SendOptions): Promise<Answer> {
  const mask = redactor(options.channels.flatMap(secretsOf).map((secret) => ["secret", secret] as const));
  if (channel.name === "mail") return sendMail(channel, message, mask, options);
  const payload = payloadFor(channel, message);
  const outcome = await post(payload, mask, options.signal);
  return { channel: channel.name, to: channel.endpoint.host, ...outcome };
}

type Outcome = Omit<Answer, "channel" | "to">;

async function post(
  { url, headers, body }: Payload,
  mask: (text: string) => string,
  signal: AbortSignal,
): Promise<Outcome> {
  const abort = new AbortController();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    abort.abort();
  }, DEADLINE_MS);
  const stop = () => abort.abort();
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    // Not followed elsewhere: a token would go along.
    const response = await fetch(url, {
      method: "POST",
      headers,
      body,
      redirect: "manual",
      keepalive: false,
      signal: abort.signal,
    });
    const said = await beginning(response);
    return { ok: response.ok, detail: status(response.status), said: shown(mask(said)) || undefined };
  } catch (error) {
    if (late) return { ok: false, detail: `no answer within ${DEADLINE_MS / 1000} s` };
    if (signal.aborted) return { ok: false, detail: "broken off" };
    // Its message has the address in it.
    const { code } = error as { code?: unknown };
    return { ok: false, detail: reason(typeof code === "string" ? code : "") };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

async function beginning(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return "";
  const decoder = new TextDecoder();
  let text = "";
  for (let part = await reader.read(); part.value !== undefined; part = await reader.read()) {
    text += decoder.decode(part.value, { stream: true });
    if (text.length >= ANSWER_BYTES) break;
  }
  await reader.cancel();
  return text.slice(0, ANSWER_BYTES);
}

const shown = (text: string): string => printable(text.replace(/\s+/g, " ").trim()).slice(0, SHOWN);

const STATUS: Readonly<Record<number, string>> = {
  401: "the token is missing or wrong",
  403: "the token or the address is not allowed to",
  404: "there is nothing at this address",
  410: "what was at this address is gone",
  413: "the message is too long for it",
  429: "too many messages",
};

function status(code: number): string {
  const why = code >= 300 && code < 400 ? "it has moved: write its new address" : STATUS[code];
  return `HTTP ${code}${why === undefined ? "" : `, ${why}`}`;
}

function reason(code: string): string {
  if (/refused/i.test(code)) return "connection refused";
  if (/ENOTFOUND|FailedToOpenSocket|EAI_/i.test(code)) return "it cannot be reached";
  if (/cert|tls|ssl|self_signed|unable_to_verify/i.test(code)) return "its certificate is not accepted";
  if (/closed|reset/i.test(code)) return "it closed the connection";
  return "it cannot be reached";
}

/** All that an answer could give back of an address or a token. */
function secretsOf(channel: Channel): string[] {
  if (channel.name === "mail") return [];
  const { url, authorization = "" } = channel.endpoint;
  const { pathname, search } = new URL(url);
  return [
    url,
    pathname,
    search,
    ...pathname.split("/"),
    ...search.split(/[?&=]/),
    authorization,
    authorization.replace(/^\w+ /, ""),
    channel.name === "gotify" ? channel.key : "",
  ];
}

async function sendMail(
  channel: Extract<Channel, { name: "mail" }>,
  message: Message,
  mask: (text: string) => string,
  { env, signal }: SendOptions,
): Promise<Answer> {
  const base = { channel: channel.name, to: "sendmail" };
  // Where some systems hide it.
  const program = Bun.which("sendmail", { PATH: `${env.PATH ?? ""}:/usr/lib` });
  if (!program) {
    return { ...base, ok: false, detail: "there is no program `sendmail`: install one, such as msmtp-mta" };
  }
  const result = await runProcess([program, "-t", "-i"], {
    env,
    stdin: mailOf(channel, message),
    deadline: DEADLINE_MS,
    grace: GRACE_MS,
    redact: mask,
    signal,
  });
  const said = shown(result.stderr.trim().split("\n").at(-1) ?? "") || undefined;
  if (result.exitCode === 0) return { ...base, ok: true, detail: "handed over", said };
  if (result.timedOut) return { ...base, ok: false, detail: `it did not end within ${DEADLINE_MS / 1000} s` };
  if (result.cancelled) return { ...base, ok: false, detail: "broken off" };
  return { ...base, ok: false, detail: `it ended with exit code ${result.exitCode ?? result.signal}`, said };
}
