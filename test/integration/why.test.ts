import { expect, test } from "bun:test";
import { app, health, idle, shell } from "../helpers/compose.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";

/** The chain down to a cause, as situation 6, 9, 10, 32 and 33 of the list in issue 4 make it. */

const CHAIN = {
  "homelab.yml": "services:\n  top~: { needs: [mid~] }\n  mid~: { needs: [vpn~] }\n",
  "services/top~/compose.yml": app(),
  "services/mid~/compose.yml": app(),
};
const VPN = "services/vpn~/compose.yml";
/** What `why` prints, with its times of day as `<clock>`. */
const why = async (lab: Homelab, ...targets: string[]) => {
  const { code, stdout, stderr } = await lab.run("why", ...targets);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.replaceAll(/\b(?:\d{4}-\d\d-\d\d )?\d\d:\d\d\b/g, "<clock>");
};
const inspect = async (lab: Homelab, format: string) =>
  (await lab.docker("inspect", "--format", format, "vpn~-app-1")).trim();

test.concurrent("situation 6: top waits for mid, mid needs the VPN, and that has been unhealthy since its first failing probe", async () => {
  await using lab = await homelab({
    ...CHAIN,
    [VPN]: app({
      environment: { TOKEN: "${TOKEN}" },
      ...health('test ! -e /tmp/sick || { echo "no route with $$TOKEN"; exit 1; }'),
    }),
    "services/vpn~/.env": "TOKEN=a-very-secret-value\n",
  });
  expect((await lab.run("ensure", "top~")).code).toBe(0);
  await lab.docker("stop", "top~-app-1", "mid~-app-1");
  await lab.docker("exec", "vpn~-app-1", "touch", "/tmp/sick");
  // The engine keeps the last five probes: by then all of these have failed.
  await eventually(
    "it has failed for long",
    async () => Number(await inspect(lab, "{{.State.Health.FailingStreak}}")) >= 6,
  );
  const text = await why(lab, "top~");
  expect(
    text
      .replaceAll(/\(exit code 137, [^)]*\)/g, "(exit code 137, <time>)")
      .replaceAll("since about", "since")
      .replace(/\d+ probes in a row/, "<n> probes in a row"),
  ).toBe(
    `top~ waits for mid~, mid~ needs vpn~, and vpn~ has been unhealthy since <clock> (<time>): the last probe said: no route with [redacted]

vpn~ is unhealthy since <clock> (<time>): vpn~-app-1 is unhealthy
  probe at <clock> (exit code 1): no route with [redacted]
  <n> probes in a row have failed
  hint: \`homelab logs vpn~\` shows what it said; \`homelab restart vpn~\` starts it afresh
mid~ is stopped since <clock> (<time>): mid~-app-1 is stopped (exit code 137, <time>)
top~ is stopped since <clock> (<time>): top~-app-1 is stopped (exit code 137, <time>)
`,
  );
  const { document } = await lab.json("why", "top~");
  const vpn = document.targets[0].causes[0].causes[0];
  expect(document.targets[0].chains).toEqual([["top~", "mid~", "vpn~"]]);
  expect(vpn).toMatchObject({
    id: "vpn~",
    container: "vpn~-app-1",
    failing: expect.any(Number),
    about: true,
  });
  expect(Date.parse(vpn.since)).toBeLessThan(Date.parse(vpn.probes[0].at));
});

test.concurrent("situation 9: of a crash loop it says how often, when last and how it ended", async () => {
  await using lab = await homelab({
    ...CHAIN,
    [VPN]: app({ ...shell("echo no licence; sleep 1; exit 7"), restart: "always" }),
  });
  expect((await lab.run("ensure", "vpn~")).code).toBe(1);
  const text = await why(lab, "mid~");
  expect(text).toMatch(
    /^mid~ waits for vpn~, and vpn~ has failed since <clock> \(<time>\): vpn~-app-1 keeps (crashing|restarting)/,
  );
  expect(text).toMatch(
    /\n {2}Docker restarted it \d+ times, last at <clock> after exit code 7\n {2}\| no licence\n/,
  );
  expect(text).toContain("\n  hint: `homelab logs vpn~` shows what it said before it ended\n");
  const { document } = await lab.json("why", "mid~");
  expect(document.targets[0].causes[0].restarts).toEqual({
    count: expect.any(Number),
    at: expect.any(String),
    exitCode: 7,
  });
});

test.concurrent("situation 10: of a lost network it says whose, and since when", async () => {
  await using lab = await homelab({
    "homelab.yml": "services:\n  mid~: { needs: [vpn~] }\n",
    "services/mid~/compose.yml": app({ network_mode: "container:vpn~-app-1" }),
    [VPN]: app(),
  });
  expect((await lab.run("ensure", "mid~")).code).toBe(0);
  // The listing tells lives apart by seconds.
  await eventually(
    "it is up for a while",
    async () => (await lab.docker("ps", "--filter", "name=^mid~-app-1$", "--format", "{{.Status}}")) > "Up 5",
  );
  await lab.docker("restart", "vpn~-app-1");
  await eventually("only mid~ is not ready", async () => (await lab.run("status", "vpn~")).code === 0);
  expect(await why(lab, "mid~")).toMatch(
    /^mid~ is unhealthy since <clock> \(<time>\): mid~-app-1 shares the network of vpn~-app-1, which was restarted since\n {2}hint: `homelab ensure mid~` makes it anew\n$/,
  );
  const { document } = await lab.json("why", "mid~");
  const at = new Date(await inspect(lab, "{{.State.StartedAt}}")).toISOString();
  expect(document.targets[0]).toMatchObject({ since: at, lostNetwork: { of: "vpn~-app-1", at } });
});

test.concurrent("situation 32: of what is held it says by what command, and how to end it", async () => {
  await using lab = await homelab({ ...CHAIN, [VPN]: app() });
  await lab.run("ensure", "top~");
  await lab.run("stop", "vpn~", "-y");
  const text = await why(lab, "top~");
  expect(text.split("\n")[0]).toBe(
    "top~ waits for mid~, mid~ needs vpn~, and vpn~ is held: stopped on purpose at <clock> (`stop vpn~`)",
  );
  expect(text).toContain("  hint: `homelab ensure vpn~` starts it, and ends the hold\n");
});

test.concurrent("what makes a service impossible is at the end of the chain, with what to do", async () => {
  await using lab = await homelab({
    ...CHAIN,
    [VPN]: "services: [\n",
    "services/odd~/compose.yml": app(idle()),
  });
  const text = await why(lab, "mid~");
  expect(text).toMatch(/^mid~ waits for vpn~, and vpn~ cannot be brought up as it stands: /);
  expect(text).toMatch(/\n {2}hint: /);
  const { document } = await lab.json("why", "mid~");
  expect(document.targets[0].causes[0].problem.code).toBe("compose-invalid");
});
