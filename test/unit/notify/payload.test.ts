import { describe, expect, test } from "bun:test";
import { mailOf } from "../../../src/notify/mail.ts";
import { documentOf, headerText, payloadFor } from "../../../src/notify/payload.ts";
import { BACK, GOOD } from "../report/host-reports.ts";
import { everything, newsOf, ORIGIN, TEST } from "./messages.ts";

const endpoint = { url: "https://h.example/a/b", host: "h.example", authorization: "Bearer t" };
const TITLE = "hl15: tdarr failed";
const long = everything(Array.from({ length: 20 }, () => "<&>".repeat(100)));

describe("payloadFor()", () => {
  test("slack: one text, its own markup quoted, within its limit", () => {
    const { url, headers, body } = payloadFor({ name: "slack", endpoint }, everything());
    expect({ url, headers }).toEqual({
      url: endpoint.url,
      headers: { "content-type": "application/json", authorization: "Bearer t" },
    });
    const { text } = JSON.parse(body);
    expect(text).toStartWith(`*${TITLE}*\n\`ensure media\` in /opt/homelab\n`);
    expect(text).toContain("```\npanic: &lt;nil&gt; &amp; more\n'''\n```");
    expect(JSON.parse(payloadFor({ name: "slack", endpoint }, long).body).text.length).toBeLessThan(3_000);
  });

  test("discord: calls nobody, within its limit", () => {
    const document = JSON.parse(payloadFor({ name: "discord", endpoint }, everything()).body);
    expect(Object.keys(document)).toEqual(["content", "allowed_mentions"]);
    expect(document.allowed_mentions).toEqual({ parse: [] });
    expect(document.content).toStartWith(`**${TITLE}**\n`);
    expect(JSON.parse(payloadFor({ name: "discord", endpoint }, long).body).content.length).toBeLessThan(
      2_000,
    );
  });

  test("ntfy: text, and how loud it is, in headers", () => {
    const { headers, body } = payloadFor({ name: "ntfy", endpoint }, everything());
    expect(headers).toEqual({
      authorization: "Bearer t",
      title: TITLE,
      priority: "4",
      tags: "rotating_light",
    });
    expect(body).toStartWith("`ensure media` in /opt/homelab\n");
    const wide = everything(Array.from({ length: 20 }, () => "€".repeat(400)));
    expect(Buffer.byteLength(payloadFor({ name: "ntfy", endpoint }, wide).body)).toBeLessThanOrEqual(4_096);
  });

  test.each([
    ["https://g/", "https://g/message"],
    ["https://g/sub", "https://g/sub/message"],
    ["https://g/sub/message", "https://g/sub/message"],
  ])("gotify: %s", (base, url) => {
    const payload = payloadFor({ name: "gotify", endpoint: { url: base, host: "g" }, key: "k" }, TEST);
    expect(payload).toMatchObject({
      url,
      headers: { "content-type": "application/json", "x-gotify-key": "k" },
    });
    expect(JSON.parse(payload.body)).toEqual({
      title: "hl15: test message",
      message: "Notifications of homelab arrive here: of failures, of other failures, and of their end.",
      priority: 5,
    });
  });

  test("the plain webhook: a document", () => {
    const message = everything();
    const { body } = payloadFor({ name: "webhook", endpoint }, message);
    expect(JSON.parse(body)).toEqual({
      version: 1,
      event: "failure",
      host: "hl15",
      root: "/opt/homelab",
      command: "ensure media",
      run: "r1",
      at: "2026-11-20T03:12:00.000Z",
      title: TITLE,
      text: expect.stringContaining("tdarr failed after 31 s"),
      failed: [
        {
          id: "tdarr",
          reason: "not-ready",
          detail: "failed after 31 s: tdarr-app-1 exited with code 3",
          hint: "`docker logs tdarr-app-1` shows all that it said",
          log: ["panic: <nil> & more", "```"],
        },
      ],
      blocked: ["sonarr-shows"],
      still: [{ id: "gluetun", reason: "not-ready", since: "2026-11-20T01:12:00.000Z" }],
      recovered: [{ id: "plex", reason: "x", since: "2026-11-19T01:12:00.000Z" }],
      changed: [{ id: "prowlarr", action: "update", reason: "absent" }],
      owed: ["r0"],
    });
    const { failed, changed } = documentOf({ ...message, news: newsOf([GOOD]) });
    const move = { from: "nixos-system-web-1", to: "nixos-system-web-2", warnings: 1 };
    expect({ failed, changed }).toEqual({
      failed: [],
      changed: [{ id: "web", action: "activate", reason: "asked", host: move }],
    });
    expect(documentOf({ ...message, news: newsOf([BACK]) }).failed).toEqual([
      expect.objectContaining({ id: "web", reason: "rolled-back", host: { ...move, warnings: 0 } }),
    ]);
    expect(documentOf(TEST)).toMatchObject({ event: "test", run: null, failed: [], owed: [] });
  });
});

test.each([
  ["plain", "plain"],
  ["grün", "=?UTF-8?B?Z3LDvG4=?="],
  ["a\r\nBcc: x", `=?UTF-8?B?${btoa("a\r\nBcc: x")}?=`],
])("headerText(%j)", (value, want) => expect(headerText(value)).toBe(want));

describe("mailOf()", () => {
  test("a mail for `sendmail -t`", () => {
    expect(mailOf({ name: "mail", to: "root, a@b.example", from: "h@b.example" }, TEST)).toBe(
      `To: root, a@b.example
From: h@b.example
Subject: hl15: test message
Date: Fri, 20 Nov 2026 03:12:00 +0000
Auto-Submitted: auto-generated
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii
Content-Transfer-Encoding: 7bit

Notifications of homelab arrive here: of failures, of other failures, and of their end.
`,
    );
  });

  test("what is not ASCII says so, and no line is too long for a mail server", () => {
    const origin = { ...ORIGIN, host: "grün", root: `/srv/${"ü".repeat(1_000)}` };
    const mail = mailOf({ name: "mail", to: "root" }, { ...everything(), origin });
    expect(mail).toContain("Subject: =?UTF-8?B?");
    expect(mail).toContain("charset=utf-8\nContent-Transfer-Encoding: 8bit\n");
    expect(mail).not.toContain("From:");
    for (const line of mail.split("\n")) expect(Buffer.byteLength(line)).toBeLessThan(998);
    expect(mail.replaceAll("\n", "")).toContain("ü".repeat(1_000));
  });
});
