import { expect, test } from "bun:test";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { app } from "../helpers/compose.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";
import { BINARY } from "../helpers/paths.ts";
import { start } from "../helpers/spawn.ts";
import { bootSystemd } from "../helpers/systemd.ts";

const FILES = {
  "homelab.yml": "groups:\n  media~: [web~]\n",
  "services/web~/compose.yml": app(),
};
const NAMES = ["homelab-deploy.service", "homelab-deploy.timer", "homelab-boot.service"];

/** The unit files of a dry run, by name. */
async function shown(lab: Homelab, ...words: string[]): Promise<Record<string, string>> {
  const { code, document } = await lab.json("timers", "install", "--dry-run", ...words);
  expect(code).toBe(0);
  const files: { path: string; text: string }[] = document.files;
  return Object.fromEntries(files.map(({ path, text }) => [path.replace("/etc/systemd/system/", ""), text]));
}

test.concurrent("timers install --dry-run shows units that systemd takes, and writes nothing (checklist 12)", async () => {
  await using lab = await homelab(FILES);
  const files = await shown(lab);
  expect(Object.keys(files)).toEqual(NAMES);
  const [deploy = "", timer = "", boot = ""] = NAMES.map((name) => files[name]);
  expect(deploy).toContain(`\nType=oneshot\nExecStart=${BINARY} -C <root> deploy-all --lock-wait 30m\n`);
  expect(deploy).toContain("\nSuccessExitStatus=75\n");
  expect(timer).toContain("\nOnCalendar=*-*-* 04:00:00\nRandomizedDelaySec=15min\n");
  expect(timer).toContain("\nPersistent=true\n");
  expect(boot).toContain("\nAfter=docker.service network-online.target\n");
  expect(boot).toContain(`\nExecStart=${BINARY} -C <root> ensure all --lock-wait 30m --docker-wait 5m\n`);
  const { stdout } = await lab.run("timers", "install", "-n");
  expect(stdout).toBe(NAMES.map((name) => `# /etc/systemd/system/${name}\n${files[name]}`).join("\n"));
  expect((await shown(lab, "media~", "--at", "Sun 05:00"))["homelab-deploy.service"]).toContain(
    "deploy media~ --lock-wait",
  );
  expect((await shown(lab, "media~", "--at", "Sun 05:00"))["homelab-deploy.timer"]).toContain(
    "\nOnCalendar=Sun 05:00\n",
  );

  // Where it is found by its name, that is what is written down, and not what a link leads to.
  const bin = join(lab.top, "bin");
  mkdirSync(bin);
  symlinkSync(BINARY, join(bin, "homelab"));
  const linked = lab.with({ env: { PATH: `${bin}:${process.env.PATH}` } });
  expect((await shown(linked))["homelab-boot.service"]).toContain("\nExecStart=<top>/bin/homelab -C ");

  const dir = join(lab.top, "units");
  mkdirSync(dir);
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(dir, name), text.replaceAll("<root>", lab.root));
  const verify = ["systemd-analyze", "verify", "--man=no", ...NAMES.map((name) => join(dir, name))];
  const { stderr } = await start(verify, { cwd: dir, env: { PATH: process.env.PATH } }).ended;
  // It also says what it thinks of the machine's own units.
  expect(stderr.split("\n").filter((line) => line.includes("homelab"))).toEqual([]);
});

test.concurrent("what is mistyped is refused, and without systemd it is said so", async () => {
  await using lab = await homelab(FILES);
  for (const [words, stderr] of [
    [
      ["instal"],
      "error: unknown word `instal` of `timers`\n  hint: did you mean `homelab timers install`?\n",
    ],
    [["install", "nowhere~"], "error: unknown target `nowhere~`\n"],
    [["install", "--at", "sometimes"], "error: `--at` takes a time of systemd's, such as `daily`"],
    [["status", "web~"], "error: unknown word `web~` of `timers`\n"],
  ] as const) {
    const ended = await lab.run("timers", ...words);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toStartWith(stderr);
  }
  const bare = lab.with({
    before: ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs x /run && exec "$@"', "sh"],
  });
  for (const words of [["install"], ["install", "--yes"], ["status"]]) {
    expect(await bare.run("timers", ...words)).toEqual({
      code: 69,
      stdout: "",
      stderr:
        "error: systemd does not run on this machine, so it can run nothing regularly\n  hint: use cron: `homelab help cron` shows the lines\n",
    });
  }
});

test.concurrent("NixOS is told what its configuration has to say", async () => {
  await using lab = await homelab(FILES);
  await lab.tool(".", "mkdir", "../etc");
  const script =
    'cp -a /etc/passwd "$0/etc" && touch "$0/etc/NIXOS" && mount --bind "$0/etc" /etc && exec "$@"';
  const nixos = lab.with({ before: ["unshare", "--mount", "sh", "-c", script, lab.top] });
  expect(await nixos.run("timers", "install", "--yes")).toEqual({
    code: 69,
    stdout: "",
    stderr:
      "error: on NixOS the system's configuration says which units there are\n  hint: `services.homelab` of the NixOS module writes them there, with `deployments` and `onBoot`\n",
  });
  expect((await nixos.run("timers", "install", "--dry-run")).code).toBe(0);
});

test.concurrent("timers are installed after a yes, wait for their time, and a second time nothing is done (checklist 10, 12)", async () => {
  await using made = await homelab(FILES);
  copyFileSync(BINARY, join(made.top, "homelab"));
  const { lab, systemctl } = await bootSystemd(made.with({ binary: join(made.top, "homelab") }));
  const timers = (...words: string[]) => lab.run("-C", made.root, "timers", ...words);
  expect(await timers("status")).toMatchObject({ code: 3, stdout: expect.stringContaining("missing") });
  const refused = await timers("install");
  expect([refused.code, refused.stderr]).toEqual([
    5,
    expect.stringContaining("hint: say yes in advance with `--yes`"),
  ]);
  expect(await systemctl("show", "--property=LoadState", "--value", NAMES[1] as string)).toBe("not-found");

  const done = await timers("install", "media~", "--yes");
  expect([done.code, done.stderr]).toEqual([0, ""]);
  expect(done.stdout.split("\n").filter((line) => line.startsWith("done "))).toHaveLength(5);
  expect(await systemctl("is-enabled", ...NAMES.slice(1))).toBe("enabled\nenabled");
  const again = await timers("install", "media~");
  expect([again.code, again.stderr, again.stdout.includes("to do")]).toEqual([0, "", false]);

  const { code, stdout } = await timers("status", "--json");
  const { units } = JSON.parse(stdout);
  expect([code, units]).toEqual([
    0,
    [
      {
        unit: NAMES[1],
        state: "enabled",
        next: expect.stringMatching(/T04:\d\d:\d\d\.000Z$/),
        last: null,
        result: null,
      },
      { unit: NAMES[2], state: "enabled", next: null, last: null, result: null },
    ],
  ]);

  // The run fails, and the status says so.
  made.write({ "homelab.yml": "groups: [\n" });
  await systemctl("start", NAMES[2] as string);
  const failed = JSON.parse((await timers("status", "--json")).stdout).units[1];
  expect(failed).toMatchObject({
    state: "enabled",
    last: expect.stringMatching(/^\d{4}-/),
    result: "exit-code",
  });

  made.write(FILES);
  const other = await timers("install", "media~", "--at", "Sun 05:00", "--yes");
  expect([other.code, other.stdout.match(/^done /gm)?.length]).toEqual([0, 1]);
  expect((await timers("status")).stdout).toMatch(
    /^homelab-deploy\.timer +enabled +\d{4}-\d\d-\d\d 05:\d\d/m,
  );
});
