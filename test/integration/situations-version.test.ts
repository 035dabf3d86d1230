import { expect, test } from "bun:test";
import { join } from "node:path";
import type { Socket } from "bun";
import { app } from "../helpers/compose.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";
import { IMAGE } from "../helpers/paths.ts";

const FILES = { "services/web~/compose.yml": app() };
/** The engine that the tests run on. */
const ENGINE = (process.env.DOCKER_HOST || "unix:///var/run/docker.sock").replace(/^unix:\/\//, "");

interface Other {
  socket?: Socket;
  /** What came before the other side was connected. */
  early: Uint8Array[];
}

/**
 * A socket in front of the engine's own, which claims another version of the API in each answer and changes nothing
 * else. `asked` gives the versions of the requests that came through.
 */
function claiming(lab: Homelab, version: string) {
  const path = join(lab.top, `claims-${version}.sock`);
  const versions = new Set<string>();
  const server = Bun.listen<Other>({
    unix: path,
    socket: {
      async open(client) {
        client.data = { early: [] };
        client.data.socket = await Bun.connect({
          unix: ENGINE,
          socket: {
            data: (_engine, bytes) => {
              const text = Buffer.from(bytes).toString("latin1");
              const claimed = text.replace(/^Api-Version: .*(?=\r$)/gm, `Api-Version: ${version}`);
              client.write(Buffer.from(claimed, "latin1"));
            },
            close: () => void client.end(),
          },
        });
        for (const bytes of client.data.early) client.data.socket.write(bytes);
      },
      data(client, bytes) {
        const lines = Buffer.from(bytes).toString("latin1");
        for (const [, asked = ""] of lines.matchAll(/^(?:GET|POST|HEAD|DELETE) \/v([\d.]+)\//gm))
          versions.add(asked);
        if (client.data.socket) client.data.socket.write(bytes);
        else client.data.early.push(bytes.slice());
      },
      close: (client) => void client.data.socket?.end(),
    },
  });
  return {
    host: `unix://${path}`,
    asked: () => [...versions],
    [Symbol.dispose]: () => server.stop(true),
  };
}

test.concurrent("situation 3: with an older engine all requests go out in its version", async () => {
  await using made = await homelab(FILES);
  using old = claiming(made, "1.40");
  const lab = made.with({ env: { DOCKER_HOST: old.host } });
  expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
  expect(await lab.run("status")).toMatchObject({ code: 0 });
  expect(await lab.run("ensure", "web~")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(old.asked()).toEqual(["1.40"]);
});

test.concurrent("situation 3: with a newer engine they go out in ours, and one that refuses it is let speak", async () => {
  await using made = await homelab(FILES);
  using young = claiming(made, "1.99");
  const lab = made.with({ env: { DOCKER_HOST: young.host } });
  const { code, stderr } = await lab.run("ensure", "web~");
  expect(young.asked()).toEqual(["1.51"]);
  const real = (await made.docker("version", "--format", "{{.Server.APIVersion}}")).trim();
  if (Number(real.split(".")[1]) >= 51) return expect(code).toBe(0);
  // This engine is older than it claims, and does not take it.
  expect([code, stderr]).toEqual([
    69,
    `error: Docker and homelab do not speak the same version: client version 1.51 is too new. Maximum supported API version is ${real}
  hint: update the older of the two; homelab speaks Docker's API up to version 1.51
`,
  ]);
});

test.concurrent("situation 3: an engine that wants a newer version than is spoken here is let speak", async () => {
  await using made = await homelab(FILES);
  using ancient = claiming(made, "1.11");
  const lab = made.with({ env: { DOCKER_HOST: ancient.host } });
  const { code, document } = await lab.json("ensure", "web~");
  expect([code, document.error]).toEqual([
    69,
    {
      code: "unsupported",
      exit: 69,
      message: expect.stringMatching(
        /^Docker and homelab do not speak the same version: client version 1\.11 is too old\. Minimum supported API version is 1\.\d+/,
      ),
      hint: "update the older of the two; homelab speaks Docker's API up to version 1.51",
      position: null,
    },
  ]);
});

/** Puts a container in the place of a service's own, as an older compose would have labelled it. */
async function madeByOlderCompose(lab: Homelab, name: string): Promise<void> {
  const [{ Config }] = JSON.parse(await lab.docker("inspect", name));
  const labels = {
    ...Config.Labels,
    "com.docker.compose.version": "2.17.2",
    "com.docker.compose.config-hash": "0".repeat(64),
  };
  await lab.docker("rm", "-f", name);
  const flags = Object.entries(labels).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
  await lab.docker(
    ...["run", "-d", "--name", name, "--network", "none", "--stop-signal", "SIGKILL", ...flags, IMAGE],
  );
}

/** What `docker compose up` says that it would do, which goes to standard error. */
const dryUp = (lab: Homelab) =>
  lab.tool("services/web~", "sh", "-c", "docker compose -p web~ --dry-run up -d 2>&1");

test.concurrent("situation 31: after an update of compose nothing is made anew, neither by a run nor by a start", async () => {
  await using lab = await homelab({
    ...FILES,
    "homelab.yml": "services:\n  web~: { ready: { stable: 500ms } }\n",
  });
  expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
  await madeByOlderCompose(lab, lab.own("web~-app-1"));
  const ids = await lab.ids();
  // Compose itself would make it anew.
  expect(await dryUp(lab)).toContain("Recreate");
  expect(await lab.run("ensure", "all")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect((await lab.json("plan", "all")).document.steps).toMatchObject([{ id: "web~", action: "none" }]);
  expect(await lab.run("deploy", "all")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await lab.ids()).toEqual(ids);

  await lab.docker("stop", "web~-app-1");
  expect(await lab.json("ensure", "all")).toMatchObject({
    code: 0,
    document: { steps: [{ id: "web~", action: "start", result: "changed" }] },
  });
  expect(await lab.ids()).toEqual(ids);
  expect(await lab.statuses()).toEqual({ "services/web~:app": "running" });
  // Whoever wants it asks for it.
  expect(await lab.run("ensure", "web~", "--force")).toMatchObject({ code: 0 });
  expect(await lab.ids()).not.toEqual(ids);
});

test.concurrent("what cannot be started as it is, because its network was taken away, is made anew all the same", async () => {
  await using lab = await homelab({
    "homelab.yml": "services:\n  web~: { ready: { stable: 500ms } }\n",
    "services/web~/compose.yml": app({ network_mode: undefined }),
  });
  expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
  await lab.docker("stop", "web~-app-1");
  await lab.docker("network", "rm", "web~_default");
  expect(await lab.json("ensure", "all")).toMatchObject({
    code: 0,
    document: { steps: [{ id: "web~", action: "start", result: "changed" }] },
  });
  expect(await lab.statuses()).toEqual({ "services/web~:app": "running" });
});
