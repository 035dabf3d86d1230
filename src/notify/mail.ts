import { headerText, type Message, text, title } from "./payload.ts";
import type { Channel } from "./settings.ts";

/** Mail servers may refuse longer lines (RFC 5322 allows 998 octets). */
const LINE_OCTETS = 900;

/** A mail as `sendmail -t` takes it: it reads from the headers who gets it, and adds what is missing. */
export function mailOf({ to, from }: Extract<Channel, { name: "mail" }>, message: Message): string {
  const body = text(message, "mail").split("\n").flatMap(pieces).join("\n");
  const ascii = Buffer.byteLength(body) === body.length;
  const headers = [
    `To: ${to}`,
    ...(from === undefined ? [] : [`From: ${from}`]),
    `Subject: ${headerText(title(message))}`,
    `Date: ${new Date(message.origin.at).toUTCString().replace("GMT", "+0000")}`,
    "Auto-Submitted: auto-generated",
    "MIME-Version: 1.0",
    `Content-Type: text/plain; charset=${ascii ? "us-ascii" : "utf-8"}`,
    `Content-Transfer-Encoding: ${ascii ? "7bit" : "8bit"}`,
  ];
  return `${headers.join("\n")}\n\n${body}\n`;
}

/** A line in pieces that are short enough, between characters. */
function pieces(line: string): string[] {
  if (Buffer.byteLength(line) <= LINE_OCTETS) return [line];
  const result: string[] = [];
  let piece = "";
  for (const character of line) {
    if (Buffer.byteLength(piece + character) > LINE_OCTETS) {
      result.push(piece);
      piece = "";
    }
    piece += character;
  }
  return [...result, piece];
}
