import { describe, expect, test } from "bun:test";
import { parseSettings } from "../../../src/notify/settings.ts";

const FILE = "/etc/homelab/notify.env";
const endpoint = (url: string, host: string, authorization?: string) => ({ url, host, authorization });

test("every channel has its keys", () => {
  const text = `
# where to tell of failures
SLACK_WEBHOOK=https://hooks.slack.com/services/T0/B0/secret
export DISCORD_WEBHOOK="https://discord.com/api/webhooks/1/secret"
NTFY_URL='https://ntfy.sh/topic'
NTFY_TOKEN=tk_secret
GOTIFY_URL = https://gotify.lan:8443/g/
GOTIFY_TOKEN=Asecret
WEBHOOK_URL=http://user:pa%3Ass@10.0.0.2/hook?key=secret
MAIL_TO=root, you@example.org
MAIL_FROM=homelab@example.org
ON=change
`;
  expect(parseSettings(text, FILE)).toEqual({
    warnings: [],
    settings: {
      on: "change",
      channels: [
        {
          name: "slack",
          endpoint: endpoint("https://hooks.slack.com/services/T0/B0/secret", "hooks.slack.com"),
        },
        { name: "discord", endpoint: endpoint("https://discord.com/api/webhooks/1/secret", "discord.com") },
        { name: "ntfy", endpoint: endpoint("https://ntfy.sh/topic", "ntfy.sh", "Bearer tk_secret") },
        {
          name: "webhook",
          endpoint: endpoint("http://10.0.0.2/hook?key=secret", "10.0.0.2", `Basic ${btoa("user:pa:ss")}`),
        },
        {
          name: "gotify",
          endpoint: endpoint("https://gotify.lan:8443/g/", "gotify.lan:8443"),
          key: "Asecret",
        },
        { name: "mail", to: "root, you@example.org", from: "homelab@example.org" },
      ],
    },
  });
});

describe("what is wrong is a warning with its line, and never what stands there:", () => {
  test.each([
    ["a token on a line of its own", "dGVzdHNlY3JldA==", ["unknown key"]],
    ["an address on a line of its own", "https://h/secret?a=b", ["it is not of the form KEY=VALUE"]],
    ["a slip in a key", "SLACK_WEBHOK=https://h/secret", ["unknown key, did you mean SLACK_WEBHOOK?"]],
    [
      "a key in small letters",
      "slack_webhook=https://h/secret",
      ["unknown key, did you mean SLACK_WEBHOOK?"],
    ],
    ["no address", "SLACK_WEBHOOK=secret", ["SLACK_WEBHOOK is no http or https address"]],
    ["another protocol", "WEBHOOK_URL=file:///secret", ["WEBHOOK_URL is no http or https address"]],
    ["no topic", "NTFY_URL=https://ntfy.sh", ["NTFY_URL is without a topic"]],
    ["a token alone", "NTFY_TOKEN=secret", ["NTFY_TOKEN is without NTFY_URL"]],
    ["half of gotify", "GOTIFY_URL=https://secret", ["GOTIFY_URL is without GOTIFY_TOKEN"]],
    ["the other half", "GOTIFY_TOKEN=secret", ["GOTIFY_TOKEN is without GOTIFY_URL"]],
    ["a sender alone", "MAIL_FROM=secret", ["MAIL_FROM is without MAIL_TO"]],
    ["no mail address", "MAIL_TO=two secrets", ["MAIL_TO is no list of mail addresses"]],
    ["another wish", "ON=secret", ["ON takes `failure` or `change`"]],
  ])("%s", (_, line, want) => {
    const { settings, warnings } = parseSettings(`\n${line}\n`, FILE);
    expect(settings).toEqual({ channels: [], on: "failure" });
    expect(warnings.map((warning) => warning.startsWith(`${FILE}:2: `))).toEqual(want.map(() => true));
    for (const [index, text] of want.entries()) expect(warnings[index]).toContain(text);
    expect(warnings.join("\n")).not.toMatch(/secret|dGVz/);
  });

  test("a sender that is none leaves the rest", () => {
    const { settings, warnings } = parseSettings("MAIL_TO=root\nMAIL_FROM=a, b\n", FILE);
    expect(settings.channels).toEqual([{ name: "mail", to: "root" }]);
    expect(warnings).toEqual([`${FILE}:2: MAIL_FROM is no mail address, and is left out`]);
  });

  test("a key twice: the last one counts", () => {
    const { settings, warnings } = parseSettings("MAIL_TO=a\nMAIL_TO=b\n", FILE);
    expect(settings.channels).toEqual([{ name: "mail", to: "b", from: undefined }]);
    expect(warnings).toEqual([`${FILE}:2: MAIL_TO stands here a second time; this one counts, not line 1`]);
  });
});

test("keys without a value are not set", () => {
  expect(parseSettings("SLACK_WEBHOOK=\nMAIL_TO=\r\nON=\n", FILE)).toEqual({
    settings: { channels: [], on: "failure" },
    warnings: [],
  });
});
