import { expect, test } from "bun:test";
import { app } from "../helpers/compose.ts";
import { homelab } from "../helpers/homelab.ts";

const FILES = {
  "homelab.yml": "services:\n  tor~: { needs: [vpn~] }\n",
  "services/vpn~/compose.yml": app({ container_name: "vpn~" }),
  "services/tor~/compose.yml": app({ network_mode: "container:vpn~" }),
};

test.concurrent("who shares the network of a container that was restarted is repaired after it", async () => {
  await using lab = await homelab(FILES);
  expect(await lab.run("ensure", "tor~")).toMatchObject({ code: 0 });
  const before = await lab.ids();
  await lab.docker("stop", "vpn~");
  expect((await lab.json("status", "tor~")).document.recipes[0].state).toBe("unhealthy");
  const { document } = await lab.json("ensure", "tor~");
  expect(document.steps.map(({ id, action, result }: never) => [id, action, result])).toEqual([
    ["vpn~", "start", "changed"],
    ["tor~", "repair", "changed"],
  ]);
  const after = await lab.ids();
  const same = Object.keys(after).filter((name) => after[name] === before[name]);
  expect(same.map((name) => name.slice(0, 12))).toEqual(["services/vpn"]);
  expect(await lab.run("ensure", "tor~")).toMatchObject({ code: 0, stderr: "" });
});

test.concurrent("who shares the network of a container that was made anew gets the new one", async () => {
  await using lab = await homelab(FILES);
  await lab.run("ensure", "tor~");
  lab.write({ "services/vpn~/compose.yml": app({ container_name: "vpn~", hostname: "other" }) });
  const { code, document } = await lab.json("ensure", "tor~");
  expect(code).toBe(0);
  expect(document.steps.map(({ action, result }: never) => [action, result])).toEqual([
    ["update", "changed"],
    ["repair", "changed"],
  ]);
  const mode = (await lab.docker("inspect", "-f", "{{.HostConfig.NetworkMode}}", "tor~-app-1")).trim();
  expect(mode).toBe(`container:${(await lab.docker("inspect", "-f", "{{.Id}}", "vpn~")).trim()}`);
});
