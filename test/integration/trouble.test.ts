import { describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { app } from "../helpers/compose.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";
import { BINARY, composeIsSystemWide } from "../helpers/paths.ts";

const WEB = "services/web~/compose.yml";

/** Runs `ensure all`, which must fail with one message, and leave no container behind. */
async function refused(
  lab: Homelab,
  files: Record<string, string>,
  code: number,
  stderr: string,
  target = "all",
) {
  lab.write(files);
  expect(await lab.run("ensure", target)).toEqual({ code, stdout: "", stderr });
  const { code: again, document } = await lab.json("ensure", target);
  expect(again).toBe(code);
  if (document.error) expect(document.error.exit).toBe(code);
  return document;
}

async function expectNothing(lab: Homelab) {
  expect(await lab.containers()).toEqual([]);
}

describe("Docker", () => {
  test.concurrent("no socket: 69, and how to start it (situation 1)", async () => {
    await using made = await homelab({ [WEB]: app() });
    const lab = made.with({ env: { DOCKER_HOST: `unix://${made.top}/none.sock` } });
    await refused(
      lab,
      {},
      69,
      `error: Docker is not running: there is no socket at <top>/none.sock
  hint: start it with \`systemctl start docker\`, or point DOCKER_HOST at its socket
`,
    );
    for (const command of [["plan", "all"], ["status"], ["why", "web~"]]) {
      expect(await lab.run(...command)).toMatchObject({ code: 69, stdout: "" });
    }
    // What reads only files does not need it.
    for (const command of [["list"], ["graph"], ["history"], ["lock", "status"], ["validate"], ["schema"]]) {
      expect(await lab.run(...command)).toMatchObject({ code: 0, stderr: "" });
    }
    await expectNothing(made);
  });

  test.concurrent("a socket that nobody listens at: 69 (situation 1)", async () => {
    await using made = await homelab({ [WEB]: app() });
    const path = join(made.top, "dead.sock");
    const server = Bun.spawn([
      "sh",
      "-c",
      `exec ${process.execPath} -e 'Bun.listen({unix: "${path}", socket: {data() {}}}); process.kill(process.pid, "SIGKILL")'`,
    ]);
    await server.exited;
    expect(existsSync(path)).toBe(true);
    const lab = made.with({ env: { DOCKER_HOST: `unix://${path}` } });
    await refused(
      lab,
      {},
      69,
      `error: Docker does not answer at <top>/dead.sock
  hint: see \`systemctl status docker\` and \`journalctl -u docker\`
`,
    );
  });

  test.concurrent("a socket that is not permitted: 77, and how to get permission (situation 1)", async () => {
    if (process.getuid?.() !== 0)
      throw new Error("only root can become another user: run `sudo scripts/test integration`");
    await using made = await homelab({ [WEB]: app() });
    const binary = join(made.top, "homelab");
    copyFileSync(BINARY, binary);
    chmodSync(binary, 0o755);
    const state = join(made.top, "state-of-nobody");
    mkdirSync(state);
    chmodSync(state, 0o777);
    const lab = made.with({
      binary,
      before: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
      env: { HOME: "/nonexistent", DOCKER_CONFIG: undefined, HOMELAB_STATE_DIR: state },
    });
    await refused(
      lab,
      {},
      77,
      `error: no permission to use Docker's socket /var/run/docker.sock
  hint: run as root, or add this user to the docker group: \`sudo usermod -aG docker $USER\`, then log in again
`,
    );
    await expectNothing(made);
  });

  test.concurrent("no compose plugin: 69 before anything is done (checklist 13)", async () => {
    if (composeIsSystemWide()) return; // Here nobody can be without it.
    await using made = await homelab({ [WEB]: app(), "services/b~/compose.yml": app() });
    mkdirSync(join(made.top, "empty"));
    const lab = made.with({
      env: {
        DOCKER_CONFIG: join(made.top, "empty"),
        HOME: join(made.top, "empty"),
        PATH: join(made.top, "empty"),
      },
    });
    await refused(
      lab,
      {},
      69,
      `error: Docker Compose (the plugin \`docker compose\`) is not installed
  hint: install the package docker-compose-plugin (Debian: docker-compose), or put the plugin into ~/.docker/cli-plugins
`,
    );
    await expectNothing(made);
    expect(await lab.run("plan", "all")).toMatchObject({ code: 0 });
  });

  test.concurrent("an image that is not here and cannot be pulled: 1, and the rest goes on (situation 20)", async () => {
    await using lab = await homelab({
      [WEB]: app({ image: "127.0.0.1:9/missing~:1" }),
      "services/b~/compose.yml": app(),
    });
    const result = await lab.run("ensure", "all");
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/^web~: failed after <time>: .*127\.0\.0\.1:9/m);
    expect(result.stderr).toMatch(/^ {2}hint: /m);
    expect(await lab.statuses()).toEqual({ "services/b~:app": "running" });
  });
});

const BOOK = "homelab.yml";

describe("what is written wrongly is shown with its place, and nothing is done (checklist 40)", () => {
  test.concurrent.each<[what: string, files: Record<string, string>, stderr: string]>([
    [
      "malformed YAML in a recipe file",
      { [BOOK]: "services:\n  web~: { needs: [db~ }\n" },
      `error: a bracket is not closed
  homelab.yml:2:31
   2 |   web~: { needs: [db~ }
     |                               ^
  hint: close it with \`]\` or \`}\`
`,
    ],
    [
      "malformed YAML in a compose file",
      { [WEB]: "services:\n  app:\n    image: [x\n    command: y\n" },
      `error: malformed YAML in services/web~/compose.yml: a bracket is not closed
  services/web~/compose.yml:4:5
   4 |     command: y
     |     ^
  hint: close it with \`]\` or \`}\`
`,
    ],
    [
      "an unknown need (situation 28)",
      {
        [BOOK]: "services:\n  web~:\n    needs: [database~]\n  databse~: { dir: services/b~ }\n",
        "services/b~/compose.yml": app(),
      },
      `error: \`web~\` needs \`database~\`, but there is no such recipe
  homelab.yml:3:13
   3 |     needs: [database~]
     |             ^^^^^^^^^^^^^
  hint: did you mean \`databse~\`? If not, add it with \`homelab add database~\`
`,
    ],
    [
      "a cycle (checklist 22, situation 28)",
      {
        [BOOK]: "services:\n  web~: { needs: [b~] }\n  b~: { needs: [c~] }\n  c~: { needs: [web~] }\n",
        "services/b~/compose.yml": app(),
        "services/c~/compose.yml": app(),
      },
      `error: recipes need each other in a circle: web~ → b~ → c~ → web~
  homelab.yml:4:21
   4 |   c~: { needs: [web~] }
     |                     ^^^^^^^^
  hint: take one of these needs out
`,
    ],
    [
      "a directory outside of the root",
      { [BOOK]: "services:\n  web~: { dir: ../elsewhere }\n" },
      `error: \`dir\` of service \`web~\` leaves the root: \`../elsewhere\`
  homelab.yml:2:20
   2 |   web~: { dir: ../elsewhere }
     |                    ^^^^^^^^^^^^
  hint: a service's directory stands inside of the homelab repository
`,
    ],
    [
      "a name that a shell would run",
      { [BOOK]: 'services:\n  "$(touch /tmp/pwned~)": { dir: services/web~ }\n' },
      `error: \`$(touch /tmp/pwned~)\` is not a valid name
  homelab.yml:2:3
   2 |   "$(touch /tmp/pwned~)": { dir: services/web~ }
     |   ^^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: names have lower-case letters, digits and hyphens, begin with a letter or digit, and are at most 63 long
`,
    ],
    [
      "a required variable that is not set",
      { [WEB]: app({ environment: { KEY: "${KEY:?the key of the API}" } }) },
      `error: required variable \`KEY\` is not set: the key of the API
  services/web~/compose.yml:8:17
   8 |         "KEY": "\${KEY:?the key of the API}"
     |                 ^^^^^
  hint: set KEY in services/web~/.env
`,
    ],
    [
      "a need without a directory",
      { [BOOK]: "services:\n  web~: { needs: [gone~] }\n  gone~: {}\n" },
      `error: \`web~\` needs \`gone~\`, but there is no directory \`services/gone~\`
  homelab.yml:2:23
   2 |   web~: { needs: [gone~] }
     |                       ^^^^^^^^^
  hint: add it with \`homelab add gone~\`
`,
    ],
    [
      "an env_file that does not exist",
      { [WEB]: app({ env_file: "missing.env" }) },
      `error: env_file services/web~/missing.env does not exist
  services/web~/compose.yml:7:20
   7 |       "env_file": "missing.env"
     |                    ^^^^^^^^^^^
  hint: create it, or write \`required: false\` beside its \`path\`
`,
    ],
    [
      "an unknown key",
      { [BOOK]: "services:\n  web~: { need: [b~] }\n" },
      `error: unknown key \`need\` of service \`web~\`
  homelab.yml:2:15
   2 |   web~: { need: [b~] }
     |               ^^^^
  hint: did you mean \`needs\`?
`,
    ],
    [
      "a compose file that compose refuses",
      { [WEB]: app({ imagee: "typo" }) },
      `web~: failed after <time>: compose refuses the file: validating <root>/services/web~/compose.yml: services.app additional properties 'imagee' not allowed
  hint: correct it; \`homelab validate\` checks all compose files
1 failed in <time>
details: homelab report <run>
`,
    ],
  ])("%s", async (_, files, stderr) => {
    await using lab = await homelab({ [WEB]: app(), ...files });
    await refused(lab, {}, 78, stderr);
    await expectNothing(lab);
    expect(await lab.run("validate")).toMatchObject({ code: 78 });
    expect(existsSync(lab.own("/tmp/pwned~"))).toBe(false);
  });
});
