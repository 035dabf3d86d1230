import { hostname } from "node:os";
import { HomelabError } from "../errors.ts";
import { type Found, readSettings, settingsPaths } from "../notify/file.ts";
import { type Answer, send } from "../notify/send.ts";
import type { Channel } from "../notify/settings.ts";
import type { Style } from "../report/style.ts";
import { table } from "../report/table.ts";
import { listenForSignals, StopSwitch } from "../run/stop.ts";
import { makeCommand } from "./command.ts";
import { type Context, print, printJson } from "./context.ts";
import { findRoot } from "./root.ts";

export default makeCommand({
  name: "notify",
  description:
    "Sends a test message to each channel that is configured, and says what each answered. `homelab help notifications` says how to configure them.",
  usage: "test",
  words: { min: 1, max: 1, label: "`test`" },
  args: {},
  examples: [["homelab notify test", "whether notifications arrive"]],
  async run(context, [word]) {
    if (word !== "test") {
      throw new HomelabError("usage", `unknown word \`${word}\``, {
        hint: "did you mean `homelab notify test`?",
      });
    }
    const root = rootHere(context);
    const found = readSettings(context.env, root, (text) => context.messages.warn(text));
    if (!found || found.settings.channels.length === 0) throw notConfigured(context, found);
    const answers = context.options.dryRun
      ? found.settings.channels.map(unsent)
      : await sendAll(context, found, root ?? process.cwd());
    if (context.options.json) printJson(document(found, answers));
    else print(`${text(answers, context.out)}settings: ${found.path}\n`);
    if (answers.some(({ ok }) => !ok)) context.exitCode = 1;
  },
});

/** Outside of a homelab nothing can lie in its repository. */
function rootHere(context: Context): string | undefined {
  try {
    return findRoot(context);
  } catch (error) {
    if (error instanceof HomelabError && context.options.root === undefined) return undefined;
    throw error;
  }
}

function notConfigured({ env }: Context, found: Found | undefined): HomelabError {
  const path =
    found?.path ?? settingsPaths(env).find((each) => each.endsWith(".env")) ?? "/etc/homelab/notify.env";
  return new HomelabError("not-configured", "no notification channel is configured", {
    hint: `write for example NTFY_URL=https://ntfy.sh/TOPIC into ${path}, then \`chmod 600 ${path}\`; \`homelab help notifications\` shows all keys`,
  });
}

async function sendAll({ env }: Context, { settings }: Found, root: string): Promise<Answer[]> {
  const stop = new StopSwitch();
  const disconnect = listenForSignals(stop, () => {});
  try {
    const origin = { host: hostname(), root, command: "notify test", at: Date.now() };
    const options = { env, channels: settings.channels, signal: stop.stop };
    return await Promise.all(settings.channels.map((channel) => send(channel, { origin }, options)));
  } finally {
    disconnect();
  }
}

const unsent = (channel: Channel): Answer => ({
  channel: channel.name,
  to: channel.name === "mail" ? "sendmail" : channel.endpoint.host,
  ok: true,
  detail: "would be sent to",
});

function text(answers: readonly Answer[], s: Style): string {
  const rows = answers.map(({ channel, to, ok, detail, said }) => [
    channel,
    to,
    ok ? s.green("ok") : s.red("failed"),
    said ? `${detail}: ${said}` : detail,
  ]);
  return table(rows, { style: s });
}

const document = ({ path, settings }: Found, answers: readonly Answer[]) => ({
  version: 1,
  settings: path,
  on: settings.on,
  channels: answers.map(({ channel, to, ok, detail, said }) => ({
    channel,
    to,
    ok,
    detail,
    said: said ?? null,
  })),
});
