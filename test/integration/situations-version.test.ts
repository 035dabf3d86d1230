import { expect, test } from "bun:test";
import { join } from "node:path";
import type { Socket } from "bun";
import { app } from "../helpers/compose.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";

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
