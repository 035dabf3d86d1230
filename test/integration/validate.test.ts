import { expect, test } from "bun:test";
import { app } from "../helpers/compose.ts";
import { homelab } from "../helpers/homelab.ts";

test.concurrent("validate finds what services do to each other, with places", async () => {
  await using lab = await homelab({
    "homelab.yml": "services:\n  one~: { mounts: [/nowhere/media] }\n",
    "services/one~/compose.yml": `services:
  app:
    image: x
    container_name: same~
    ports: ["\${PORT}:80"]
`,
    "services/one~/.env": "PORT=18080\n",
    "services/two~/compose.yml": `services:
  app:
    image: x
    container_name: same~
    ports: ["18080:80"]
    volumes: ["/nowhere/data:/data"]
    networks: [outside]
networks:
  outside: { external: true, name: net~ }
`,
    "services/three~/compose.yml": app({ network_mode: "container:same~" }),
  });
  const { code, document } = await lab.json("validate");
  expect([code, document.valid]).toEqual([78, false]);
  const lines = (all: { message: string; position: { file: string; line: number } | null }[]) =>
    all.map(({ message, position }) => `${message} at ${position?.file}:${position?.line}`).sort();
  expect(lines(document.problems)).toEqual([
    "`one~` and `two~` both have the container name `same~` at services/two~/compose.yml:4",
    "`one~` and `two~` both publish port 18080/tcp at services/two~/compose.yml:5",
    "the external network `net~` of `two~` does not exist at services/two~/compose.yml:9",
  ]);
  expect(lines(document.warnings)).toEqual([
    "`one~` needs /nowhere/media, and nothing is mounted there at undefined:undefined",
    "`three~` shares the network of `two~`, and its recipe does not say so at services/three~/compose.yml:5",
    "`two~` mounts /nowhere/data, which is not there at services/two~/compose.yml:6",
  ]);
});

test.concurrent("warnings alone are no failure, unless they are to be", async () => {
  await using lab = await homelab({
    "services/one~/compose.yml": app({ volumes: ["/nowhere/data:/data"] }),
  });
  const own = lab.with({ env: { DOCKER_HOST: "unix:///nowhere.sock" } });
  expect(await own.run("validate", "one~")).toEqual({
    code: 0,
    stdout: `warning: \`one~\` mounts /nowhere/data, which is not there (services/one~/compose.yml:8:10)
  hint: make it with the owner that the service wants: Docker would make it for root
checked the recipes and 1 compose project: no problems, 1 warning
`,
    stderr: "",
  });
  expect((await own.run("validate", "one~", "--strict")).code).toBe(78);
});
