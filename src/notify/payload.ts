import { moveOf, type News } from "./news.ts";
import type { Channel } from "./settings.ts";
import { bodyOf, type Form, type Origin, titleOf } from "./text.ts";

/** An HTTP request that is one notification. */
export interface Payload {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What is sent: news of a run, or nothing but a test. */
export interface Message {
  readonly origin: Origin;
  readonly news?: News | undefined;
}

const characters = (text: string): number => text.length;
const same = (text: string): string => text;

/** What each service takes; a little less than it says, for the title. */
const FORMS = {
  slack: {
    limit: 2_800,
    measure: characters,
    fences: true,
    quote: (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
  },
  discord: { limit: 1_800, measure: characters, fences: true, quote: same },
  ntfy: { limit: 4_000, measure: (text) => Buffer.byteLength(text), fences: false, quote: same },
  gotify: { limit: 16_000, measure: characters, fences: false, quote: same },
  webhook: { limit: 16_000, measure: characters, fences: false, quote: same },
  mail: { limit: 100_000, measure: characters, fences: false, quote: same },
} as const satisfies Readonly<Record<Channel["name"], Form>>;

export type Event = "failure" | "recovery" | "change" | "test";

export function eventOf({ news }: Message): Event {
  if (!news) return "test";
  if (news.failed.length > 0) return "failure";
  return news.recovered.length > 0 ? "recovery" : "change";
}

export function title({ news, origin }: Message): string {
  return news ? titleOf(news, origin) : `${origin.host}: test message`;
}

/** The text for a channel, within its limit. */
export function text({ news, origin }: Message, channel: Channel["name"]): string {
  return news
    ? bodyOf(news, origin, FORMS[channel])
    : "Notifications of homelab arrive here: of failures, of other failures, and of their end.";
}

/** ntfy: 1 to 5. Gotify: 0 to 10. Only a failure is to wake somebody up. */
const LOUD: Readonly<Record<Event, { ntfy: number; gotify: number; tag: string }>> = {
  failure: { ntfy: 4, gotify: 8, tag: "rotating_light" },
  recovery: { ntfy: 3, gotify: 5, tag: "white_check_mark" },
  change: { ntfy: 2, gotify: 2, tag: "arrows_counterclockwise" },
  test: { ntfy: 3, gotify: 5, tag: "wave" },
};

const JSON_TYPE = { "content-type": "application/json" };

/** The request that brings a message to a channel. */
export function payloadFor(channel: Exclude<Channel, { name: "mail" }>, message: Message): Payload {
  const { url, authorization } = channel.endpoint;
  const secret = authorization === undefined ? {} : { authorization };
  const head = title(message);
  const loud = LOUD[eventOf(message)];
  const asJson = (body: unknown, headers = {}): Payload => ({
    url,
    headers: { ...JSON_TYPE, ...secret, ...headers },
    body: JSON.stringify(body),
  });
  switch (channel.name) {
    case "slack":
      return asJson({ text: `*${FORMS.slack.quote(head)}*\n${text(message, "slack")}` });
    case "discord":
      // Names in a log must not call anybody.
      return asJson({
        content: `**${head}**\n${text(message, "discord")}`,
        allowed_mentions: { parse: [] },
      });
    case "ntfy":
      return {
        url,
        headers: { ...secret, title: headerText(head), priority: String(loud.ntfy), tags: loud.tag },
        body: text(message, "ntfy"),
      };
    case "gotify": {
      const target = new URL(url);
      target.pathname = `${target.pathname.replace(/\/+$/, "").replace(/\/message$/, "")}/message`;
      const body = { title: head, message: text(message, "gotify"), priority: loud.gotify };
      return { ...asJson(body, { "x-gotify-key": channel.key }), url: target.href };
    }
    case "webhook":
      return asJson(documentOf(message));
  }
}

/** A header's value: what is not ASCII goes as RFC 2047 has it. */
export function headerText(value: string): string {
  return /^[\x20-\x7e]*$/.test(value) ? value : `=?UTF-8?B?${Buffer.from(value).toString("base64")}?=`;
}

const iso = (at: number): string => new Date(at).toISOString();

/** The document of the plain webhook. Fields may be added, never changed. */
export function documentOf(message: Message) {
  const { origin, news } = message;
  const { host, root, command, run, at } = origin;
  return {
    version: 1,
    event: eventOf(message),
    host,
    root,
    command,
    run: run ?? null,
    at: iso(at),
    title: title(message),
    text: text(message, "webhook"),
    failed: (news?.failed ?? []).map(({ id, code, ending, hint, log, move }) => ({
      id,
      reason: code,
      detail: ending,
      hint: hint ?? null,
      log: [...log],
      ...(move && { host: move }),
    })),
    blocked: [...(news?.blocked ?? [])],
    still: (news?.still ?? []).map(({ id, code, since }) => ({ id, reason: code, since: iso(since) })),
    recovered: (news?.recovered ?? []).map(({ id, code, since }) => ({
      id,
      reason: code,
      since: iso(since),
    })),
    changed: (news?.changed ?? []).map((step) => {
      const { id, action, reason } = step;
      const move = moveOf(step);
      return { id, action, reason: reason.code, ...(move && { host: move }) };
    }),
    owed: [...(news?.owed ?? [])],
  };
}
