import { describe, expect, test } from "bun:test";
import { createSocket } from "node:dgram";
import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { app, composeFile, health, idle, shell } from "../helpers/compose.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";
import { IMAGE } from "../helpers/paths.ts";
import { freePort } from "../helpers/small-engine.ts";

const WEB = "services/web~/compose.yml";
const DB = "services/db~/compose.yml";

/** A service that publishes host ports, in a network of its own. */
const publishing = (...ports: string[]) => app({ network_mode: undefined, ports });

/** A container that compose did not make, and that goes with the test. */
async function stranger(
  lab: Homelab,
  name: string,
  ...args: string[]
): Promise<AsyncDisposable & { id: string }> {
  const id = (await lab.docker("create", "--name", name, ...args, IMAGE, "sleep", "1000")).trim();
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(async () => void (await lab.docker("rm", "-f", name)));
  await lab.docker("start", name);
  const kept = cleanup.move();
  return { id: id.slice(0, 12), [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** What `ensure` says when it refuses. No container came or went for it. */
async function refusal(lab: Homelab, ...targets: string[]): Promise<string> {
  const before = await lab.containers();
  const { code, stdout, stderr } = await lab.run("ensure", ...targets);
  expect([code, stdout]).toEqual([5, ""]);
  expect(await lab.containers()).toEqual(before);
  return stderr;
}

test.concurrent("situation 14: two directories with one project name are refused, both named", async () => {
  await using lab = await homelab({ [WEB]: app(), "elsewhere/compose.yml": app() });
  await lab.compose("elsewhere", "-p", "web~", "up", "-d");
  expect(
    await refusal(lab, "web~"),
  ).toBe(`error: \`web~\` in <root>/services/web~ would be project \`web~\`, which already has a container \`web~-app-1\` from <root>/elsewhere
  hint: give one of them a name of its own: \`project: web~-2\` under \`services: web~:\` in homelab.yml
`);
});

test.concurrent("situation 15: a repository that was moved is refused with both places, until the recipe says so", async () => {
  await using lab = await homelab({ "old/services/web~/compose.yml": app() });
  await lab.compose("old/services/web~", "up", "-d");
  const before = await lab.ids();
  mkdirSync(lab.path("services"));
  renameSync(lab.path("old/services/web~"), lab.path("services/web~"));
  expect(
    await refusal(lab, "web~"),
  ).toBe(`error: \`web~\` in <root>/services/web~ would be project \`web~\`, which already has a container \`web~-app-1\` from <root>/old/services/web~
  hint: if <root>/old/services/web~ was moved to <root>/services/web~, write \`project: web~\` under \`services: web~:\` in homelab.yml
`);
  lab.write({ "homelab.yml": "services:\n  web~: { project: web~ }\n" });
  expect((await lab.json("plan", "web~")).document.steps[0]).toMatchObject({ action: "adopt" });
  expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
  expect(await lab.ids()).toEqual(before);
});

describe("situation 16: a container name that somebody else has", () => {
  test.concurrent("situation 16: of another recipe", async () => {
    await using lab = await homelab({
      [WEB]: app({ container_name: "fixed~" }),
      [DB]: app({ container_name: "fixed~" }),
    });
    await lab.run("ensure", "db~");
    expect(
      await refusal(lab, "web~"),
    ).toBe(`error: \`web~\` cannot have the container name \`fixed~\`: it belongs to a container of \`db~\` in services/db~
  services/web~/compose.yml:7:26
   7 |       "container_name": "fixed~"
     |                          ^^^^^^^^^^
  hint: give one of the two another \`container_name\`
`);
  });

  test.concurrent("situation 16: of a project elsewhere, and independent services go on", async () => {
    await using lab = await homelab({
      [WEB]: app({ container_name: "fixed~" }),
      [DB]: app(),
      "elsewhere/compose.yml": app({ container_name: "fixed~" }),
    });
    await lab.compose("elsewhere", "-p", "vpn~", "up", "-d");
    const before = await lab.ids();
    expect(await lab.run("plan", "all")).toEqual({
      code: 0,
      stdout: `db~   create   it has no containers yet
web~  blocked  \`web~\` cannot have the container name \`fixed~\`: it belongs to a container of the project \`vpn~\` in <root>/elsewhere
1 to change, 1 blocked, 0 as they are
`,
      stderr: "",
    });
    const { code, stderr } = await lab.run("ensure", "all");
    expect({ code, stderr: stderr.replace("failed after <time>", "failed").split("\n").sort() }).toEqual({
      code: 5,
      stderr: [
        "",
        "  hint: give one of the two another `container_name`; when nobody needs that one any more, `docker rm fixed~` removes it once it is stopped",
        "1 changed, 1 failed in <time>",
        "db~: created in <time>",
        "details: homelab report <run>",
        "web~: failed: `web~` cannot have the container name `fixed~`: it belongs to a container of the project `vpn~` in <root>/elsewhere",
      ],
    });
    expect(await lab.ids()).toMatchObject(before);
    expect(await lab.statuses()).toEqual({ "elsewhere:app": "running", "services/db~:app": "running" });
  });

  test.concurrent("situation 16: of a container that compose did not make, its own name or one of compose's", async () => {
    await using lab = await homelab({ [WEB]: app({ container_name: "fixed~" }), [DB]: app() });
    await using one = await stranger(lab, "fixed~", "--network", "none");
    await using other = await stranger(lab, "db~-app-1", "--network", "none");
    expect(
      (await refusal(lab, "web~")).replace(one.id, "<id>"),
    ).toBe(`error: \`web~\` cannot have the container name \`fixed~\`: it belongs to a container (<id>, image homelab-lab/base:1), which compose did not make
  services/web~/compose.yml:7:26
   7 |       "container_name": "fixed~"
     |                          ^^^^^^^^^^
  hint: give one of the two another \`container_name\`; when nobody needs that one any more, \`docker rm fixed~\` removes it once it is stopped
`);
    expect(
      (await refusal(lab, "db~")).replace(other.id, "<id>"),
    ).toBe(`error: \`db~\` cannot have the container name \`db~-app-1\`: it belongs to a container (<id>, image homelab-lab/base:1), which compose did not make
  hint: give one of the two another \`container_name\`; when nobody needs that one any more, \`docker rm db~-app-1\` removes it once it is stopped
`);
  });

  test.concurrent("situation 16: of what its own directory left behind", async () => {
    await using lab = await homelab({ [WEB]: composeFile({ old: idle({ container_name: "fixed~" }) }) });
    await lab.run("ensure", "web~");
    lab.write({ [WEB]: app({ container_name: "fixed~" }) });
    expect(
      await refusal(lab, "web~"),
    ).toBe(`error: \`web~\` cannot have the container name \`fixed~\`: it belongs to a container that is left of its service \`old\`, which its compose file no longer has
  services/web~/compose.yml:7:26
   7 |       "container_name": "fixed~"
     |                          ^^^^^^^^^^
  hint: \`homelab cleanup --orphans\` shows and removes what is left of earlier services
`);
    expect(await lab.run("cleanup", "--orphans", "--yes")).toMatchObject({ code: 0 });
    expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
  });

  test.concurrent("situation 16: of a service that gives it up in the same run is no clash", async () => {
    await using lab = await homelab({
      "homelab.yml": "services:\n  web~: { needs: [db~] }\n  db~: {}\n",
      [DB]: app({ container_name: "fixed~" }),
      [WEB]: app(),
    });
    await lab.run("ensure", "all");
    lab.write({ [DB]: app({ container_name: "other~" }), [WEB]: app({ container_name: "fixed~" }) });
    expect(await lab.run("ensure", "all")).toMatchObject({ code: 0 });
    expect((await lab.containers()).map(({ name }) => name)).toEqual(["other~", "fixed~"]);
  });

  test.concurrent("situation 16: taken after it was looked for is told when it fails", async () => {
    await using lab = await homelab({
      "homelab.yml": "services:\n  web~: { needs: [db~] }\n  db~: {}\n",
      [DB]: app(health("test -e /tmp/go")),
      [WEB]: app({ container_name: "fixed~" }),
    });
    const run = lab.start("ensure", "web~");
    await eventually("the need is there", async () => (await lab.containers()).length === 1);
    await using _ = await stranger(lab, "fixed~", "--network", "none");
    await lab.docker("exec", "db~-app-1", "touch", "/tmp/go");
    const { code, stderr } = await run.ended;
    expect(code).toBe(1);
    expect(lab.shared(stderr)).toContain("the container name `fixed~` is already in use by container");
  });
});

describe("situation 17: a port that somebody else has", () => {
  test.concurrent("situation 17: a container of another recipe, while what the service has itself is no clash", async () => {
    const port = freePort();
    await using lab = await homelab({
      [WEB]: publishing(`${port}:80`),
      [DB]: publishing(`127.0.0.1:${port}:80`),
    });
    await lab.run("ensure", "db~");
    expect(
      (await refusal(lab, "web~")).replaceAll(String(port), "<port>"),
    ).toBe(`error: \`web~\` cannot have port <port>/tcp: it is taken by the container \`db~-app-1\` of \`db~\` in services/db~
  services/web~/compose.yml:7:10
   7 |         "<port>:80"
     |          ^^^^^
  hint: \`homelab stop db~\` stops it; or publish another port in the compose file
`);
    expect(await lab.run("ensure", "db~", "--force")).toMatchObject({ code: 0 });
  });

  test.concurrent("situation 17: a container that compose did not make, tcp and udp", async () => {
    const port = freePort();
    await using lab = await homelab({ [WEB]: publishing(`${port}:80/udp`), [DB]: publishing(`${port}:80`) });
    await lab.docker("network", "create", "net~");
    await using one = await stranger(lab, "stranger~", "--network", "net~", "-p", `${port}:80/udp`);
    expect(
      (await refusal(lab, "web~")).replaceAll(String(port), "<port>").replace(one.id, "<id>"),
    ).toBe(`error: \`web~\` cannot have port <port>/udp: it is taken by the container \`stranger~\` (<id>, image homelab-lab/base:1), which compose did not make
  services/web~/compose.yml:7:10
   7 |         "<port>:80/udp"
     |          ^^^^^
  hint: \`docker stop stranger~\` stops it, when nobody needs it; or publish another port in the compose file
`);
    expect(await lab.run("ensure", "db~")).toMatchObject({ code: 0 });
  });

  test.concurrent.each(["127.0.0.1", "0.0.0.0", "::1", "::"])(
    "situation 17: a process that listens at %s",
    async (hostname) => {
      await using lab = await homelab({});
      using server = Bun.listen({ hostname, port: 0, socket: { data() {} } });
      lab.write({ [WEB]: publishing(`${server.port}:80`) });
      const said = await refusal(lab, "web~");
      expect(
        said.replaceAll(String(server.port), "<port>").replaceAll(String(process.pid), "<pid>"),
      ).toBe(`error: \`web~\` cannot have port <port>/tcp: it is taken by the process \`bun\` (pid <pid>) of this machine
  services/web~/compose.yml:7:10
   7 |         "<port>:80"
     |          ^^^^^
  hint: stop it: \`systemctl status <pid>\` shows what it belongs to; or publish another port in the compose file
`);
      server.stop();
      expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
    },
  );

  test.concurrent("situation 17: a container on the host's network, and the service's own one that leaves it", async () => {
    const port = freePort();
    const listening = { network_mode: "host", ...shell(`exec httpd -f -p ${port}`) };
    await using lab = await homelab({ [WEB]: app(listening), [DB]: publishing(`${port}:80`) });
    await lab.run("ensure", "web~");
    const heard = () =>
      Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } }).then(
        () => true,
        () => false,
      );
    await eventually("somebody listens", heard);
    expect(await refusal(lab, "db~")).toContain(
      `\`db~\` cannot have port ${port}/tcp: it is taken by the container \`web~-app-1\` of \`web~\` in services/web~\n`,
    );
    lab.write({ [WEB]: publishing(`${port}:80`) });
    expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
  });

  test.concurrent("situation 17: a process that listens at a udp port", async () => {
    await using lab = await homelab({});
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    const { port } = socket.address();
    lab.write({ [WEB]: publishing(`127.0.0.1:${port}:53/udp`) });
    const said = await refusal(lab, "web~");
    socket.close();
    expect(
      said.replaceAll(String(port), "<port>").replaceAll(String(process.pid), "<pid>"),
    ).toBe(`error: \`web~\` cannot have port <port>/udp at 127.0.0.1: it is taken by the process \`bun\` (pid <pid>) of this machine
  services/web~/compose.yml:7:20
   7 |         "127.0.0.1:<port>:53/udp"
     |                    ^^^^^
  hint: stop it: \`systemctl status <pid>\` shows what it belongs to; or publish another port in the compose file
`);
  });

  test.concurrent("situation 17: a port that only an override file or a base names, which compose puts together", async () => {
    await using lab = await homelab({});
    using server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    lab.write({
      [WEB]: app({ network_mode: undefined }),
      "services/web~/compose.override.yml": `services: { app: { ports: ["${server.port}:80"] } }\n`,
      [DB]: "services: { app: { extends: { file: base.yml, service: base } } }\n",
      "services/db~/base.yml": `services: { base: { image: x, ports: ["${server.port}:80"] } }\n`,
    });
    for (const name of ["web~", "db~"]) {
      expect(await refusal(lab, name)).toContain(
        `\`${name}\` cannot have port ${server.port}/tcp: it is taken by the process \`bun\` (pid ${process.pid})`,
      );
    }
  });

  test.concurrent("situation 17: two fresh services of one plan, and the second is refused", async () => {
    const port = freePort();
    await using lab = await homelab({ [WEB]: publishing(`${port}:80`), [DB]: publishing(`${port}:80`) });
    const { document } = await lab.json("plan", "all");
    expect(document.steps.map(({ id, action, reason }: never) => [id, action, reason])).toEqual([
      ["db~", "create", { code: "absent", text: "it has no containers yet" }],
      ["web~", "blocked", { code: "refused", text: `\`db~\` and \`web~\` both publish port ${port}/tcp` }],
    ]);
  });

  test.concurrent("situation 17: a port that goes from one service to another in one run", async () => {
    const port = freePort();
    await using lab = await homelab({ [DB]: publishing(`127.0.0.1:${port}:80`), [WEB]: app() });
    await lab.run("ensure", "all");
    lab.write({ [DB]: app(), [WEB]: publishing(`127.0.0.1:${port}:80`) });
    const { document } = await lab.json("plan", "all");
    expect(document.steps.map(({ id, action, needs }: never) => [id, action, needs])).toEqual([
      ["db~", "update", []],
      ["web~", "update", ["db~"]],
    ]);
    expect(await lab.run("ensure", "all")).toMatchObject({ code: 0 });
  });

  test.concurrent("situation 17: taken after it was looked for is told when it fails", async () => {
    const port = freePort();
    await using lab = await homelab({
      "homelab.yml": "services:\n  web~: { needs: [db~] }\n  db~: {}\n",
      [DB]: app(health("test -e /tmp/go")),
      [WEB]: publishing(`127.0.0.1:${port}:80`),
    });
    const run = lab.start("ensure", "web~");
    await eventually("the need is there", async () => (await lab.containers()).length === 1);
    using _ = Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } });
    await lab.docker("exec", "db~-app-1", "touch", "/tmp/go");
    const { code, stderr } = await run.ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`port ${port} is already taken (127.0.0.1:${port})`);
    expect(stderr).toContain(`hint: see who has it: \`docker ps --filter publish=${port}\``);
  });
});

describe("situation 18: variables without value", () => {
  test.concurrent("situation 18: keys that .env lacks, and variables that would be empty", async () => {
    await using lab = await homelab({
      [WEB]:
        'services:\n  app:\n    image: x\n    environment:\n      # ${NOT_THIS}\n      A: "${DB_PASSWORD}${SMTP_HOST}"\n      B: "${LEVEL:-info}"\n',
      "services/web~/.env.example": "# A template\nDB_PASSWORD=change-me\n\nAPI_KEY=\nTZ=Etc/UTC\n",
      "services/web~/.env": "TZ=Etc/UTC\n",
    });
    expect(
      await refusal(lab, "web~"),
    ).toBe(`error: \`web~\` has no value for \`DB_PASSWORD\`, \`API_KEY\` (services/web~/.env.example:2, 4), \`SMTP_HOST\` (services/web~/compose.yml:6)
  hint: set them in services/web~/.env (\`homelab env init web~\` adds what its template has); what may stay without value goes into its recipe: \`env: { optional: [DB_PASSWORD, API_KEY, SMTP_HOST] }\`
`);
  });

  test.concurrent("situation 18: what runs unchanged is left alone, and what may be missing is no reason", async () => {
    await using lab = await homelab({
      [WEB]: app({ environment: { A: "${EMPTY}${UNSET}" } }),
      "services/web~/.env": "EMPTY=\n",
      "homelab.yml": "services:\n  web~: { env: { optional: [UNSET] } }\n",
    });
    expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
    lab.write({ "services/web~/.env.example": "EMPTY=\nNEW=1\n" });
    expect(await lab.run("ensure", "web~")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect((await lab.run("env", "check")).stdout).toContain("`NEW` is missing");
    const before = await lab.ids();
    expect(await refusal(lab, "web~", "--force")).toContain(
      "`web~` has no value for `NEW` (services/web~/.env.example:2)\n",
    );
    lab.write({
      [WEB]: app({ environment: { A: "${EMPTY}${UNSET}" } }, { "x-homelab": { env: { optional: ["NEW"] } } }),
    });
    expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
    expect(await lab.ids()).toEqual(before);
  });
});

/** Leaves a container under the name that compose gives it until the old one is gone. */
async function breakOffSwitch(lab: Homelab, name: string): Promise<void> {
  const id = (await lab.docker("inspect", "-f", "{{.Id}}", name)).trim();
  await lab.docker("rename", name, `${id.slice(0, 12)}_${name}`);
}

describe("situations 18 and 24: files that come into force along with something else", () => {
  test.concurrent.each([
    ["a restart", ["restart", "web~"], async () => {}],
    [
      "the end of a switch that was broken off",
      ["ensure", "web~"],
      (lab: Homelab) => breakOffSwitch(lab, lab.own("web~-app-1")),
    ],
  ] as const)("%s is refused like an update", async (_, words, before) => {
    await using made = await homelab({ [WEB]: app() });
    const full = made.with({ env: { HOMELAB_MIN_FREE: "900TB" } });
    expect(await made.run("ensure", "web~")).toMatchObject({ code: 0 });
    // What is there already needs no space.
    if (words[0] === "restart") expect(await full.run(...words)).toMatchObject({ code: 0 });
    await before(made);
    made.write({ [WEB]: app({ environment: { A: "${UNSET}" } }) });
    const containers = await made.containers();
    const refused = await made.run(...words);
    expect([refused.code, refused.stderr]).toEqual([
      5,
      expect.stringContaining("error: `web~` has no value for `UNSET` (services/web~/compose.yml:8)\n"),
    ]);
    made.write({ "services/web~/.env": "UNSET=1\n" });
    expect(await full.run(...words)).toMatchObject({
      code: 5,
      stderr: expect.stringContaining("error: `web~` is not begun: "),
    });
    expect(await made.containers()).toEqual(containers);
    expect(await made.run(...words)).toMatchObject({ code: 0 });
  });
});

test.concurrent("situation 24: too little space for the engine is refused, with what a clean-up would free", async () => {
  await using made = await homelab({ [WEB]: app() });
  const lab = made.with({ env: { HOMELAB_MIN_FREE: "900TB" } });
  // Others use this machine as well: how much is free, and what could go, is theirs.
  const plain = (text: string) =>
    text
      .replace(/[\d.]+ .B are free in \S+,/, "<space> are free in <engine>,")
      .replace(/would (remove \d+ images? of [\d.]+ .?B|find no image to remove)/, "would <free>");
  const why = "<space> are free in <engine>, and at least 900 TB have to be";
  const hint =
    "`homelab cleanup` would <free>; `docker system df` shows the rest, and HOMELAB_MIN_FREE sets what has to be free";
  expect(plain(await refusal(lab, "web~"))).toBe(`error: \`web~\` is not begun: ${why}\n  hint: ${hint}\n`);
  const pull = await lab.run("pull-images");
  expect({ ...pull, stderr: plain(pull.stderr) }).toEqual({
    code: 5,
    stdout: "",
    stderr: `error: nothing is pulled: ${why}\n  hint: ${hint}\n`,
  });
  expect(await made.run("ensure", "web~")).toMatchObject({ code: 0 });
  expect(await lab.run("ensure", "web~")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(
    await made.with({ env: { HOMELAB_MIN_FREE: "much" } }).run("ensure", "web~", "--force"),
  ).toMatchObject({ code: 2 });
});

describe("situation 34: networks and volumes that are said to be there and are not", () => {
  test.concurrent("situation 34: are refused", async () => {
    await using lab = await homelab({
      [WEB]: app(
        { network_mode: undefined, volumes: ["data:/data"] },
        {
          networks: { default: { external: true, name: "net~" } },
          volumes: { data: { external: true, name: "vol~" }, unused: { external: true } },
        },
      ),
    });
    expect(
      await refusal(lab, "web~"),
    ).toBe(`error: the external network \`net~\` of \`web~\` does not exist; the external volume \`vol~\` of \`web~\` does not exist
  services/web~/compose.yml:5:16
   5 |       "name": "net~"
     |                ^^^^^^^^
  note: the external volume \`vol~\` of \`web~\` does not exist
    services/web~/compose.yml:11:16
    11 |       "name": "vol~"
       |                ^^^^^^^^
  hint: create it with \`docker network create net~\`; create it with \`docker volume create vol~\`
`);
  });

  test.concurrent("situation 34: unless a need makes them; without the need it is named", async () => {
    await using lab = await homelab({
      "homelab.yml": "services:\n  web~: { needs: [db~] }\n  db~: {}\n",
      [WEB]: app({ volumes: ["data:/data"] }, { volumes: { data: { external: true, name: "vol~" } } }),
      [DB]: app({ volumes: ["data:/data"] }, { volumes: { data: { name: "vol~" } } }),
    });
    expect(
      await refusal(lab, "web~", "--no-needs"),
    ).toBe(`error: the external volume \`vol~\` of \`web~\` does not exist
  services/web~/compose.yml:5:16
   5 |       "name": "vol~"
     |                ^^^^^^^^
  hint: \`db~\` makes it: write \`needs: [db~]\` into the recipe of \`web~\`
`);
    expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
  });
});

test.concurrent("situations 16, 18 and 34 at once are all told of", async () => {
  await using lab = await homelab({
    [WEB]: app({ container_name: "fixed~", environment: { A: "${UNSET}" } }),
    [DB]: app({ container_name: "fixed~" }),
    "services/web~/.env.example": "KEY=x\n",
  });
  await lab.run("ensure", "db~");
  expect(await refusal(lab, "web~")).toMatch(
    /^error: `web~` has no value for `KEY` .*, `UNSET` .*; `web~` cannot have the container name `fixed~`: /,
  );
});

describe("situation 35: disks", () => {
  test.concurrent("situation 35: a directory outside of the root that is not there is refused, unless the file says that it may be made", async () => {
    await using lab = await homelab({});
    const media = join(lab.top, "media");
    lab.write({
      "services/web~/.env": `MEDIA=${media}\n`,
      [WEB]: app({ volumes: ["${MEDIA}/tv:/tv", "./own:/own"] }),
    });
    expect(await refusal(lab, "web~")).toBe(`error: \`web~\` mounts \${MEDIA}/tv, which is not there
  services/web~/compose.yml:8:10
   8 |         "\${MEDIA}/tv:/tv",
     |          ^^^^^^^^^^^
  hint: make it with the owner that the service wants: Docker would make it for root, or let it be made with \`bind: { create_host_path: true }\` in the long form of the mount
`);
    lab.write({
      [WEB]: app({
        volumes: [{ type: "bind", source: "${MEDIA}/tv", target: "/tv", bind: { create_host_path: true } }],
      }),
    });
    expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
  });

  test.concurrent("situation 35: a directory of a disk in /etc/fstab that is not mounted is refused, and the disk is named", async () => {
    await using made = await homelab({});
    const vault = join(made.top, "vault");
    mkdirSync(join(vault, "media"), { recursive: true });
    made.write({
      fstab: `UUID=1 / ext4 defaults 0 1\nUUID=2 ${vault} ext4 nofail 0 2\nUUID=3 none swap sw 0 0\n`,
      [WEB]: app({ volumes: [`${vault}/media:/media`] }),
    });
    const inside = (mount: string) =>
      made.with({
        before: [
          "unshare",
          "-m",
          "sh",
          "-c",
          `mount --bind ${made.path("fstab")} /etc/fstab${mount} && exec "$@"`,
          "sh",
        ],
      });
    const said = await refusal(inside(""), "web~");
    expect(
      said.replace(/\^+/, "^^^"),
    ).toBe(`error: \`web~\` mounts <top>/vault/media, which belongs to <top>/vault: that is in /etc/fstab, and not mounted
  services/web~/compose.yml:8:10
   8 |         "<top>/vault/media:/media"
     |          ^^^
  hint: mount it, then run again: \`mount <top>/vault\`, \`findmnt\` shows what is mounted
`);
    expect(await inside(` && mount --bind ${vault} ${vault}`).run("ensure", "web~")).toMatchObject({
      code: 0,
    });
  });
});
