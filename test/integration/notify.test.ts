import { describe, expect, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { app, shell } from "../helpers/compose.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";
import { openInbox, openMailServer } from "../helpers/inbox.ts";

const WEB = "services/web~/compose.yml";
const DB = "services/db~/compose.yml";
const GOOD = app();
const SICK = app(shell("echo alas; exit 3"));
const MISSING = app({ image: "127.0.0.1:9/missing~:1" });

/** The homelab with notifications configured by these lines, as cron would call it. */
function configured(lab: Homelab, lines: readonly string[], mode = 0o600): Homelab {
  const file = join(lab.top, "notify.env");
  writeFileSync(file, `${lines.join("\n")}\n`);
  chmodSync(file, mode);
  return lab.with({ env: { HOMELAB_NOTIFY: undefined, HOMELAB_NOTIFY_FILE: file } });
}

describe("a channel is told", () => {
  test.concurrent("of a failure once, of another one, and of its end", async () => {
    await using lab = await homelab({
      [WEB]: SICK,
      [DB]: GOOD,
      "homelab.yml": "services:\n  web~: { needs: [db~] }\n",
    });
    using inbox = openInbox();
    const cron = configured(lab, [`WEBHOOK_URL=${inbox.url}/hook?key=k`, "WEBHOOK_TOKEN=t0ken"]);
    const night = async () => {
      const { code, stderr } = await cron.run("ensure", "all");
      expect(stderr).not.toContain("warning");
      return {
        code,
        told: inbox.documents().map((document) => JSON.parse(lab.shared(JSON.stringify(document)))),
      };
    };
    const failure = {
      version: 1,
      event: "failure",
      host: hostname(),
      root: "<root>",
      command: "ensure all",
      run: expect.stringMatching(/^\d{8}-\d{6}-[0-9a-f]{6}$/),
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      title: `${hostname()}: web~ failed`,
      text: expect.stringMatching(
        /^`ensure all` in <root>\n\nweb~ failed after .*: web~-app-1 exited with code 3\n {2}\| alas\nhint: `docker logs web~-app-1` shows all that it said\n\ndetails: homelab report \S+$/,
      ),
      failed: [
        {
          id: "web~",
          reason: "not-ready",
          detail: expect.stringMatching(/^failed after .*: web~-app-1 exited with code 3$/),
          hint: "`docker logs web~-app-1` shows all that it said",
          log: ["alas"],
        },
      ],
      blocked: [],
      still: [],
      recovered: [],
      changed: [],
      owed: [],
    };
    expect(await night()).toEqual({ code: 1, told: [failure] });
    expect(await night()).toEqual({ code: 1, told: [] });
    // A run that does not cover it has nothing to say about it.
    expect(await cron.run("ensure", "db~")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(inbox.take()).toEqual([]);
    lab.write({ [WEB]: MISSING });
    expect(await night()).toMatchObject({
      code: 1,
      told: [{ event: "failure", failed: [{ id: "web~", reason: "image-missing" }], still: [] }],
    });
    expect((await night()).told).toEqual([]);
    lab.write({ [DB]: SICK });
    expect(await night()).toMatchObject({
      code: 1,
      told: [
        { title: `${hostname()}: db~ failed`, failed: [{ id: "db~" }], blocked: ["web~"], recovered: [] },
      ],
    });
    lab.write({ [DB]: GOOD, [WEB]: GOOD });
    expect(await night()).toMatchObject({
      code: 0,
      told: [
        {
          event: "recovery",
          title: `${hostname()}: web~ and db~ recovered`,
          failed: [],
          recovered: [
            { id: "web~", reason: "image-missing" },
            { id: "db~", reason: "not-ready" },
          ],
        },
      ],
    });
    expect(await night()).toEqual({ code: 0, told: [] });
  });

  test.concurrent("of an update that was rolled back once, and of its end when another one is ready", async () => {
    await using lab = await homelab({
      [WEB]: GOOD,
      "homelab.yml": "services:\n  web~: { rollback: auto, ready: { stable: 500ms } }\n",
    });
    using inbox = openInbox();
    const cron = configured(lab, [`WEBHOOK_URL=${inbox.url}`]);
    const night = async () => {
      const { code } = await cron.run("ensure", "all");
      return [code, ...inbox.documents().map(({ event }) => event)];
    };
    expect(await night()).toEqual([0]);
    lab.write({ [WEB]: SICK });
    expect(await night()).toEqual([1, "failure"]);
    expect(await night()).toEqual([0]);
    expect(await night()).toEqual([0]);
    lab.write({ [WEB]: app({ hostname: "mended" }) });
    expect(await night()).toEqual([0, "recovery"]);
  });

  test.concurrent("when a command cannot even begin, and when it can again (situation 1)", async () => {
    await using lab = await homelab({ [WEB]: GOOD });
    using inbox = openInbox();
    const cron = configured(lab, [`WEBHOOK_URL=${inbox.url}`]);
    await cron.run("ensure", "web~");
    const down = cron.with({ env: { DOCKER_HOST: `unix://${lab.top}/none.sock` } });
    expect((await down.run("ensure", "web~")).code).toBe(69);
    expect(inbox.documents()).toMatchObject([
      {
        event: "failure",
        run: null,
        title: lab.own(`${hostname()}: homelab ensure web~ failed`),
        failed: [{ reason: "docker-unavailable", hint: expect.stringContaining("systemctl start docker") }],
      },
    ]);
    expect((await down.run("ensure-web~")).code).toBe(69);
    expect(inbox.take()).toEqual([]);
    expect(await cron.run("ensure", "web~")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(inbox.documents()).toMatchObject([
      { event: "recovery", title: lab.own(`${hostname()}: homelab ensure web~ recovered`) },
    ]);
    lab.write({ "homelab.yml": "services: [\n" });
    expect((await cron.run("ensure", "web~")).code).toBe(78);
    expect(inbox.documents()).toMatchObject([
      {
        failed: [{ reason: "recipe-invalid", detail: expect.stringMatching(/^failed: homelab\.yml:\d+: /) }],
      },
    ]);
    // What somebody typed wrong is not worth waking anybody.
    expect((await cron.run("ensur", "web~")).code).toBe(2);
    expect((await cron.run("ensure", "--dryrun")).code).toBe(2);
    expect((await cron.run("status")).code).toBe(78);
    expect(inbox.take()).toEqual([]);
  });

  test.concurrent("not that something recovered because it was stopped", async () => {
    await using lab = await homelab({ [WEB]: SICK, [DB]: GOOD });
    using inbox = openInbox();
    const cron = configured(lab, [`WEBHOOK_URL=${inbox.url}`]);
    await cron.run("ensure", "all");
    expect(inbox.documents()).toMatchObject([{ event: "failure" }]);
    await cron.run("stop", "web~");
    await cron.run("ensure", "all");
    expect(inbox.take()).toEqual([]);
    lab.write({ [WEB]: GOOD });
    await cron.run("ensure", "web~");
    expect(inbox.documents()).toMatchObject([{ event: "recovery", recovered: [{ reason: "not-ready" }] }]);
  });

  test.concurrent("of changes, where that is wished for, also later when it could not be", async () => {
    await using lab = await homelab({ [WEB]: GOOD });
    using inbox = openInbox();
    const cron = configured(lab, [`WEBHOOK_URL=${inbox.url}`, "ON=change"]);
    inbox.answer = () => new Response("", { status: 500 });
    const first = await cron.run("ensure", "web~");
    expect(first).toMatchObject({ code: 0, stderr: expect.stringContaining("warning: webhook (127.0.0.1:") });
    const run = (await lab.json("history")).document.runs[0].run;
    inbox.take();
    inbox.answer = () => new Response("");
    expect(await cron.run("ensure", "web~")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(inbox.documents()).toMatchObject([{ event: "change", changed: [], owed: [run] }]);
    lab.write({ [WEB]: app({ environment: { A: "b" } }) });
    await cron.run("ensure", "web~");
    expect(inbox.documents()).toMatchObject([
      {
        event: "change",
        changed: [{ id: lab.own("web~"), action: "update", reason: "files-changed" }],
        owed: [],
      },
    ]);
    await cron.run("ensure", "web~");
    expect(inbox.take()).toEqual([]);
  });
});

describe("nobody is told", () => {
  test.concurrent("by a run that somebody watches, unless it is wished for", async () => {
    await using lab = await homelab({ [WEB]: SICK });
    using inbox = openInbox();
    const cron = configured(lab, [`WEBHOOK_URL=${inbox.url}`]);
    expect((await cron.terminal(["ensure", "web~"])).code).toBe(1);
    expect((await cron.with({ env: { HOMELAB_NOTIFY: "never" } }).run("ensure", "web~")).code).toBe(1);
    expect((await cron.run("ensure", "web~", "--dry-run")).code).toBe(0);
    expect(inbox.take()).toEqual([]);
    expect((await cron.with({ env: { HOMELAB_NOTIFY: "always" } }).terminal(["ensure", "web~"])).code).toBe(
      1,
    );
    expect(inbox.take()).toHaveLength(1);
    const odd = await cron.with({ env: { HOMELAB_NOTIFY: "maybe" } }).run("ensure", "web~");
    expect(odd.stderr).toContain("warning: HOMELAB_NOTIFY takes `always` or `never`, and is ignored\n");
  });

  test.concurrent.each<[string, (lab: Homelab) => Homelab, string]>([
    [
      "with a file that others can read",
      (lab) => configured(lab, ["MAIL_TO=root"], 0o644),
      "<top>/notify.env can be read by others: `chmod 600 <top>/notify.env`; until then no notifications are sent",
    ],
    [
      "with a file in the repository",
      (lab) => {
        lab.write({ "notify.env": "MAIL_TO=root\n" });
        return lab.with({ env: { HOMELAB_NOTIFY: undefined, HOMELAB_NOTIFY_FILE: lab.path("notify.env") } });
      },
      "<root>/notify.env lies in the homelab repository, where it may be committed: move it to /etc/homelab/notify.env; until then no notifications are sent",
    ],
    [
      "with nothing but a slip in it",
      (lab) => configured(lab, ["# mine", "SLACK_WEBHOK=https://hooks.example/s3cret"]),
      "<top>/notify.env:2: this line is ignored: unknown key, did you mean SLACK_WEBHOOK?",
    ],
  ])("%s, and it is said why", async (_, configure, warning) => {
    await using lab = await homelab({ [WEB]: SICK });
    const { code, stderr } = await configure(lab).run("ensure", "web~");
    expect(code).toBe(1);
    expect(stderr).toEndWith(`details: homelab report <run>\nwarning: ${warning}\n`);
  });
});

describe("what cannot be delivered", () => {
  test.concurrent("is a warning without its address, and is told by the next run", async () => {
    await using lab = await homelab({ [WEB]: SICK });
    using inbox = openInbox();
    const cron = configured(lab, [`SLACK_WEBHOOK=${inbox.url}/services/T0/s3cret`]);
    inbox.answer = () => new Response("no /services/T0/s3cret here", { status: 404 });
    const { code, stderr } = await cron.run("ensure", "web~");
    expect(code).toBe(1);
    expect(stderr.replace(inbox.host, "<host>")).toEndWith(
      "warning: slack (<host>) was not notified: HTTP 404, there is nothing at this address; the next run tries again\n",
    );
    expect(stderr).not.toContain("s3cret");
    expect(inbox.take()).toHaveLength(1);
    inbox.answer = () => new Response("", { status: 307, headers: { location: `${inbox.url}/elsewhere` } });
    expect((await cron.run("ensure", "web~")).stderr).toContain(
      "HTTP 307, it has moved: write its new address",
    );
    expect(inbox.take().map(({ path }) => path)).toEqual(["/services/T0/s3cret"]);
    inbox.answer = () => new Response("ok");
    expect((await cron.run("ensure", "web~")).stderr).not.toContain("warning");
    expect(inbox.take()).toHaveLength(1);
    await cron.run("ensure", "web~");
    expect(inbox.take()).toEqual([]);
  });

  test.concurrent("is a matter of its channel alone", async () => {
    await using lab = await homelab({ [WEB]: SICK });
    using inbox = openInbox();
    using closed = openInbox();
    closed[Symbol.dispose]();
    const cron = configured(lab, [`WEBHOOK_URL=${inbox.url}`, `NTFY_URL=${closed.url}/s3cret`]);
    const told = async () => {
      const { stderr } = await cron.run("ensure", "web~");
      expect(stderr).toContain(
        `ntfy (${closed.host}) was not notified: connection refused; the next run tries again\n`,
      );
      expect(stderr).not.toContain("s3cret");
      return inbox.take().length;
    };
    expect([await told(), await told()]).toEqual([1, 0]);
  });

  test.concurrent("is given up after ten seconds", async () => {
    await using lab = await homelab({ [WEB]: SICK });
    using inbox = openInbox();
    inbox.answer = () => new Promise(() => {});
    const { code, stderr } = await configured(lab, [`WEBHOOK_URL=${inbox.url}`]).run("ensure", "web~");
    expect(code).toBe(1);
    expect(stderr).toContain("was not notified: no answer within");
  });

  test.concurrent("does not hold up Ctrl-C, nor change how the run ended", async () => {
    await using lab = await homelab({ [WEB]: SICK });
    using inbox = openInbox();
    inbox.answer = () => new Promise(() => {});
    const running = configured(lab, [`WEBHOOK_URL=${inbox.url}`]).start("ensure", "web~");
    await eventually("the notification is on its way", () => inbox.take().length > 0);
    const began = performance.now();
    running.kill("SIGINT");
    const { code, stderr } = await running.ended;
    expect(code).toBe(1);
    expect(stderr).not.toContain("warning");
    expect(performance.now() - began).toBeLessThan(5_000);
    // The lock was free all the time: another run need not wait for somebody's slow server.
    expect((await lab.run("lock", "status")).stdout).toBe("free\n");
  });
});

/** The homelab with a `sendmail` that brings mail to a server on this port. */
function withSendmail(lab: Homelab, port: number): Homelab {
  const program = Bun.which("msmtp");
  if (!program) throw new Error("msmtp is missing: run `scripts/lab mail`");
  const home = join(lab.top, "home");
  lab.write({
    "../home/.msmtprc": `account default\nhost 127.0.0.1\nport ${port}\nfrom homelab@example.org\ntls off\nauth off\n`,
    "../bin/keep": "",
  });
  chmodSync(join(home, ".msmtprc"), 0o600);
  symlinkSync(program, join(lab.top, "bin/sendmail"));
  return lab.with({ env: { HOME: home, PATH: `${join(lab.top, "bin")}:${process.env.PATH}` } });
}

test.concurrent("every channel gets what it takes", async () => {
  await using lab = await homelab({ [WEB]: SICK });
  using inbox = openInbox();
  using server = openMailServer();
  const cron = configured(withSendmail(lab, server.port), [
    `SLACK_WEBHOOK=${inbox.url}/slack`,
    `DISCORD_WEBHOOK=${inbox.url}/discord`,
    `NTFY_URL=${inbox.url}/topic`,
    "NTFY_TOKEN=tk_1",
    `GOTIFY_URL=${inbox.url}/gotify/`,
    "GOTIFY_TOKEN=A1",
    "MAIL_TO=you@example.org, root@example.org",
    "MAIL_FROM=night@example.org",
  ]);
  expect((await cron.run("ensure", "web~")).stderr).not.toContain("warning");
  const host = hostname();
  const received = inbox.take().sort((a, b) => (a.path < b.path ? -1 : 1));
  const calm = (text: string) =>
    lab
      .shared(text)
      .replace(/after [\d.]+ m?s/, "after <time>")
      .replace(/\d{8}-\d{6}-[0-9a-f]{6}/, "<run>");
  const body = (log: string) => `\`ensure web~\` in <root>

web~ failed after <time>: web~-app-1 exited with code 3
${log}
hint: \`docker logs web~-app-1\` shows all that it said

details: homelab report <run>`;
  const [fenced, barred] = [body("```\nalas\n```"), body("  | alas")];
  const title = `${host}: web~ failed`;
  const json = received.map(({ path, body }) =>
    path === "/topic" ? calm(body) : JSON.parse(calm(body.replaceAll("\\n", "\\u000a"))),
  );
  expect(received.map(({ path }) => path)).toEqual(["/discord", "/gotify/message", "/slack", "/topic"]);
  expect(json).toEqual([
    { content: `**${title}**\n${fenced}`, allowed_mentions: { parse: [] } },
    { title, message: barred, priority: 8 },
    {
      text: `*${title}*\n${fenced.replaceAll("<", "&lt;").replaceAll(">", "&gt;")}`.replace(
        /&lt;(root|time|run)&gt;/g,
        "<$1>",
      ),
    },
    barred,
  ]);
  expect(received[1]?.headers).toMatchObject({ "x-gotify-key": "A1", "content-type": "application/json" });
  expect(received[3]?.headers).toMatchObject({
    authorization: "Bearer tk_1",
    title: lab.own(title),
    priority: "4",
    tags: "rotating_light",
  });
  expect(server.mails).toHaveLength(1);
  const [mail] = server.mails;
  expect(mail?.to).toEqual(["you@example.org", "root@example.org"]);
  const [headers = "", ...rest] = calm(mail?.text ?? "").split("\n\n");
  expect(rest.join("\n\n").trimEnd()).toBe(barred);
  expect(headers.split("\n")).toEqual(
    expect.arrayContaining([
      "To: you@example.org, root@example.org",
      "From: night@example.org",
      `Subject: ${title}`,
      "Content-Type: text/plain; charset=us-ascii",
    ]),
  );
});

test.concurrent("a sendmail that fails is a warning", async () => {
  await using lab = await homelab({ [WEB]: SICK });
  const port = openMailServer();
  port[Symbol.dispose]();
  const cron = configured(withSendmail(lab, port.port), ["MAIL_TO=you@example.org"]);
  expect((await cron.run("ensure", "web~")).stderr).toMatch(
    /^warning: mail \(sendmail\) was not notified: it ended with exit code \d+; the next run tries again$/m,
  );
});

describe("notify test", () => {
  test.concurrent("goes through the proxy of the environment, and not to hosts in NO_PROXY (checklist 34)", async () => {
    await using lab = await homelab({ [WEB]: GOOD });
    using proxy = openInbox();
    const away = configured(lab, ["WEBHOOK_URL=http://hooks.example/x"]);
    const behind = away.with({ env: { HTTP_PROXY: proxy.url } });
    expect(await behind.run("notify", "test")).toMatchObject({ code: 0 });
    expect(proxy.take().map(({ headers }) => headers.host)).toEqual(["hooks.example"]);
    const direct = behind.with({ env: { NO_PROXY: "hooks.example" } });
    expect(await direct.run("notify", "test")).toMatchObject({ code: 1 });
    expect(proxy.take()).toEqual([]);
  });

  test.concurrent("says what each channel answered", async () => {
    await using lab = await homelab({});
    using inbox = openInbox();
    using closed = openInbox();
    using server = openMailServer();
    const calm = (text: string) => text.replaceAll(inbox.host, "<inbox>").replaceAll(closed.host, "<closed>");
    closed.answer = () => new Response('{"message": "Unknown Webhook /api/s3cret-path"}', { status: 404 });
    const cron = configured(withSendmail(lab, server.port), [
      `SLACK_WEBHOOK=${inbox.url}/slack`,
      `DISCORD_WEBHOOK=${closed.url}/api/s3cret-path`,
      "MAIL_TO=you@example.org",
    ]);
    expect(await cron.run("notify", "test", "--dry-run")).toMatchObject({ code: 0 });
    expect(inbox.take()).toEqual([]);
    const { code, stdout, stderr } = await cron.run("notify", "test");
    expect({
      code,
      stderr,
      lines: calm(stdout)
        .split("\n")
        .map((line) => line.replace(/ +/g, " ")),
    }).toEqual({
      code: 1,
      stderr: "",
      lines: [
        "slack <inbox> ok HTTP 200: ok",
        'discord <closed> failed HTTP 404, there is nothing at this address: {"message": "Unknown Webhook [redacted]"}',
        "mail sendmail ok handed over",
        "settings: <top>/notify.env",
        "",
      ],
    });
    expect(inbox.documents()).toEqual([
      {
        text: `*${hostname()}: test message*\nNotifications of homelab arrive here: of failures, of other failures, and of their end.`,
      },
    ]);
    expect(server.mails).toHaveLength(1);
    closed.answer = () => new Response(null, { status: 204 });
    const json = await cron.json("notify", "test");
    expect(json).toMatchObject({
      code: 0,
      document: {
        version: 1,
        settings: "<top>/notify.env",
        on: "failure",
        channels: [
          { channel: "slack", ok: true, detail: "HTTP 200", said: "ok" },
          { channel: "discord", ok: true, detail: "HTTP 204", said: null },
          { channel: "mail", to: "sendmail", ok: true, detail: "handed over", said: null },
        ],
      },
    });
    // A test is no news: nothing is remembered of it.
    expect(lab.hasState()).toBe(false);
  });

  test.concurrent("with nothing configured says what to write where", async () => {
    await using lab = await homelab({});
    const bare = lab.with({
      env: { XDG_CONFIG_HOME: join(lab.top, "config"), HOMELAB_NOTIFY_FILE: undefined },
    });
    const named = lab.with({ env: { HOMELAB_NOTIFY_FILE: join(lab.top, "notify.env") } });
    const { code, stdout, stderr } = await bare.run("notify", "test");
    expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
    expect(stderr).toStartWith(
      "error: no notification channel is configured\n  hint: write for example NTFY_URL=",
    );
    expect((await named.run("notify", "test")).stderr).toBe(
      "warning: HOMELAB_NOTIFY_FILE names <top>/notify.env, which does not exist: no notifications are sent\n" +
        "error: no notification channel is configured\n" +
        "  hint: write for example NTFY_URL=https://ntfy.sh/TOPIC into <top>/notify.env, then `chmod 600 <top>/notify.env`; `homelab help notifications` shows all keys\n",
    );
    expect((await lab.run("notify", "tset")).code).toBe(2);
    expect((await lab.run("notify")).code).toBe(2);
    expect((await lab.run("help", "notifications")).stdout).toContain("SLACK_WEBHOOK=https://…");
  });

  test.concurrent("takes a credential of systemd's and the user's own file", async () => {
    await using lab = await homelab({
      "../credentials/homelab-notify": "MAIL_TO=nobody\n",
      "../config/homelab/notify.env": "ON=change\nMAIL_TO=nobody\n",
    });
    chmodSync(join(lab.top, "credentials/homelab-notify"), 0o440);
    chmodSync(join(lab.top, "config/homelab/notify.env"), 0o600);
    const env = {
      CREDENTIALS_DIRECTORY: join(lab.top, "credentials"),
      XDG_CONFIG_HOME: join(lab.top, "config"),
    };
    const file = async (change: Record<string, string | undefined>) =>
      (await lab.with({ env: { ...env, ...change } }).run("notify", "test", "-n")).stdout.split("\n").at(-2);
    expect(await file({})).toBe("settings: <top>/credentials/homelab-notify");
    expect(await file({ CREDENTIALS_DIRECTORY: undefined })).toBe(
      "settings: <top>/config/homelab/notify.env",
    );
  });
});

test.concurrent("secrets of services and of channels appear nowhere but where they belong", async () => {
  const SECRETS = {
    env: "correct-horse-battery",
    path: "s3cret-path",
    token: "t0ken-of-mine",
    key: "A-gotify-key",
  };
  await using lab = await homelab({
    [WEB]: app({
      ...shell('echo "the password is $PASSWORD"; exit 3'),
      environment: { PASSWORD: "${PASSWORD}" },
    }),
    "services/web~/.env": `PASSWORD=${SECRETS.env}\n`,
  });
  using inbox = openInbox();
  using angry = openInbox();
  angry.answer = () => new Response(`/${SECRETS.path} ${SECRETS.token} ${SECRETS.key}`, { status: 403 });
  const cron = configured(lab, [
    `WEBHOOK_URL=${inbox.url}`,
    `SLACK_WEBHOOK=${angry.url}/${SECRETS.path}`,
    `NTFY_URL=${angry.url}/${SECRETS.path}`,
    `NTFY_TOKEN=${SECRETS.token}`,
    `GOTIFY_URL=${angry.url}`,
    `GOTIFY_TOKEN=${SECRETS.key}`,
    SECRETS.token,
    `${SECRETS.key}=${SECRETS.path}`,
  ]);
  const said: string[] = [];
  for (const words of [
    ["ensure", "web~", "-v"],
    ["ensure", "web~", "--json"],
    ["report"],
    ["report", "--json"],
    ["report", "--markdown"],
    ["history", "--json"],
    ["notify", "test"],
    ["notify", "test", "--json"],
  ]) {
    const { stdout, stderr } = await cron.start(...words).ended;
    said.push(`${words.join(" ")}\n${stdout}${stderr}`);
  }
  const messages = [...inbox.take(), ...angry.take()].map(({ body }) => body);
  for (const file of readdirSync(lab.state))
    said.push(`state/${file}\n${readFileSync(join(lab.state, file), "latin1")}`);
  // They did speak: what is looked for would be there.
  expect(messages.join("\n")).toContain("the password is [redacted]");
  expect(said[2]).toContain("the password is [redacted]");
  expect(said[6]).toContain("HTTP 403");
  for (const text of [...said, ...messages]) {
    for (const secret of Object.values(SECRETS)) expect(text).not.toContain(secret);
  }
});
