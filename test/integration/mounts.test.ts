import { expect, test } from "bun:test";
import { app } from "../helpers/compose.ts";
import { homelab } from "../helpers/homelab.ts";

test.concurrent("a service whose disk is not mounted is refused, and nothing is done (situation 35)", async () => {
  await using lab = await homelab({
    "homelab.yml": "services:\n  plex~: { needs: [web~], mounts: [/proc, /no/such/disk] }\n",
    "services/plex~/compose.yml": app(),
    "services/web~/compose.yml": app(),
  });
  expect(await lab.run("ensure", "plex~")).toMatchObject({
    code: 5,
    stdout: "",
    stderr: `error: \`plex~\` needs /no/such/disk, and nothing is mounted there
  homelab.yml:2:51
   2 |   plex~: { needs: [web~], mounts: [/proc, /no/such/disk] }
     |                                                   ^^^^^^^^^^^^^
  hint: mount it, then run again: \`mount /no/such/disk\`, \`findmnt\` shows what is mounted
`,
  });
  expect(await lab.containers()).toEqual([]);
  await lab.write({ "homelab.yml": "services:\n  plex~: { mounts: [/proc] }\n" });
  expect(await lab.run("ensure", "plex~")).toMatchObject({ code: 0 });
});
