import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { eventually } from "../helpers/eventually.ts";
import { all, FAILING, Hosts, nameless, service } from "../helpers/hosts.ts";

let hosts: Hosts;
beforeAll(async () => {
  hosts = await Hosts.boot(["web", "db", "mail"]);
}, 180_000);
afterAll(async () => {
  await hosts[Symbol.asyncDispose]();
});
beforeEach(() => hosts.fresh(), 60_000);

const NAMES = ["web", "db", "mail"] as const;
const homelab = (...words: string[]) => hosts.laptop.homelab(...words);
/** The versions that the three run, boot and have in their profile. */
const versions = () => Promise.all(NAMES.map((name) => hosts.versions(name)));
/** New versions for all; those that are named have a unit that does not start. */
const change = (...bad: string[]) => {
  for (const name of NAMES) hosts.next(name, bad.includes(name) ? { units: { "bad.service": FAILING } } : {});
};
const BAD = "failed after <time>: bad.service failed";

test("three hosts at once: a bad one goes back, and keeps nothing from the others", async () => {
  change("db");
  const { code, stderr } = await homelab("host", "deploy", "all", "--yes");
  expect(code).toBe(1);
  expect(stderr).toContain(`db: ${BAD}; db went back to the system that ran before\n`);
  for (const name of ["web", "mail"]) expect(stderr).toContain(`${name}: activated in <time>`);
  expect(await versions()).toEqual([all(2), all(1), all(2)]);
});

test("staging stops production", async () => {
  await hosts.settings({ db: "stage: staging", web: "stage: production" });
  change("db");
  const dry = await homelab("host", "deploy", "all", "--canary", "mail", "--dry-run");
  expect(dry.stdout).toStartWith(
    "wave 1 of 3 (staging): db\nwave 2 of 3 (canary): mail\nwave 3 of 3 (production): web\nweb: /nix/store/",
  );
  const asked = await homelab("host", "deploy", "all");
  expect([asked.code, asked.stderr]).toEqual([
    5,
    expect.stringContaining("(wave 1 of 2 (staging): db; wave 2 of 2: web, mail; web: /nix/store/"),
  ]);
  const stopped = await homelab("host", "deploy", "all", "--yes");
  expect(stopped.code).toBe(1);
  for (const name of ["web", "mail"])
    expect(stopped.stderr).toContain(`${name}: blocked: comes after db, which failed\n`);
  expect(await versions()).toEqual([all(1), all(1), all(1)]);
  change();
  const good = await hosts.laptop.json("host", "deploy", "all", "--yes");
  const results = good.document.steps
    .slice(-3)
    .map((step: { id: string; result: string }) => [step.id, step.result]);
  expect(results).toEqual([
    ["web", "changed"],
    ["db", "changed"],
    ["mail", "changed"],
  ]);
  expect(await versions()).toEqual([all(2), all(2), all(2)]);
});

test("a canary goes first, and a failed wave takes its own hosts back", async () => {
  change("web");
  const canary = await homelab("host", "deploy", "all", "--canary", "web", "--yes");
  expect([canary.code, canary.stderr]).toEqual([
    1,
    expect.stringContaining("mail: blocked: comes after web"),
  ]);
  expect(await versions()).toEqual([all(1), all(1), all(1)]);
  await hosts.settings({ db: "stage: canary" });
  change("web");
  const back = await homelab("host", "deploy", "all", "--rollback-wave", "--yes");
  expect(back.code).toBe(1);
  expect(nameless(back.stderr)).toContain(
    "rollback mail: rolled back in <time> (runs nixos-system-mail-1)\n",
  );
  // The wave before stays: nothing of it failed.
  expect(await versions()).toEqual([all(1), all(2), all(1)]);
  expect(await hosts.on("mail").run("readlink", "/nix/var/nix/profiles/system")).toBe("system-1-link\n");
});

test("a wave that does not stay well in the pause stops the next one", async () => {
  await hosts.settings({ db: "stage: staging" });
  change();
  const late = "[Service]\nExecStart=/bin/sh -c 'until test -e /run/late; do sleep 0.2; done; exit 1'\n";
  hosts.next("db", { units: { "web.service": service("one"), "late.service": late } });
  const words = ["host", "deploy", "all", "--pause", "10s", "--rollback-wave", "--yes"];
  const child = hosts.laptop.lab.start(...words);
  await eventually("db boots it", async () => (await hosts.versions("db")).boots === "2");
  await hosts.on("db").run("touch", "/run/late");
  const { code, stderr } = await child.ended;
  expect(code).toBe(1);
  expect(stderr).toContain(": late.service failed on db since it was switched\n");
  expect(stderr).toContain("web: blocked: comes after pause after wave 1, which failed\n");
  expect(stderr).toContain("rollback db: rolled back in ");
  expect(await versions()).toEqual([all(1), all(1), all(1)]);
  hosts.next("db");
  const good = await homelab("host", "deploy", "db", "web", "--pause", "1s", "--yes");
  expect(good.code).toBe(0);
  expect(await versions()).toEqual([all(2), all(2), all(1)]);
});

test("a wave goes back to what it booted, when it was for the next boot only", async () => {
  await hosts.settings({ db: "stage: staging" });
  change();
  const boot = ["host", "deploy", "all", "--boot", "--rollback-wave", "--yes"];
  await hosts.on("mail").run("touch", "/run/full-boot");
  const back = await homelab(...boot, "--pause", "1s");
  await hosts.on("mail").run("rm", "/run/full-boot");
  expect(back.code).toBe(1);
  expect(nameless(back.stderr)).toContain(
    "rollback web: rolled back in <time> (boots nixos-system-web-1 from now on; it runs what it did before)\n",
  );
  // It runs the old one, and that is how it is to be after the pause.
  expect(await versions()).toEqual([all(1), { runs: "1", boots: "2", profile: "2" }, all(1)]);
});

test("a wave goes back to what it ran, when it was to boot the new system already", async () => {
  change("mail");
  expect((await homelab("host", "deploy", "web", "--boot", "--yes")).code).toBe(0);
  const back = await hosts.laptop.json("host", "deploy", "web", "mail", "--rollback-wave", "--yes");
  expect(back.code).toBe(1);
  expect(await versions()).toEqual([all(1), all(1), all(1)]);
  // What was compared and timed on the way there is no part of the way back.
  const [there, again] = ["web", "rollback web"].map((wanted) =>
    back.document.steps.find(({ id }: { id: string }) => id === wanted),
  );
  const names = ({ phases }: { phases: { name: string }[] }) => phases.map(({ name }) => name);
  expect(there.host.packages).not.toEqual([]);
  expect(names(there.host)).toContain("build");
  expect([again.host.packages, names(again.host)]).toEqual([[], ["activate", "verify", "confirm"]]);
});

test("fewer checks for who asks for them, and they are named", async () => {
  const more = "critical: [none.service], ready: { within: 1s, stable: 1s }";
  await hosts.settings({ web: more });
  change("db");
  const fast = await homelab("deploy", "web", "--fast", "--yes");
  expect([fast.code, fast.stderr]).toEqual([
    1,
    expect.stringMatching(
      /^fast: leaves out .*the time for which a new system has to stay well\nweb: failed/,
    ),
  ]);
  expect(fast.stderr).toContain("none.service, which is critical, is inactive (dead)");
  const unasked = await homelab("host", "deploy", "web", "--emergency");
  expect([unasked.code, nameless(unasked.stderr)]).toEqual([
    5,
    expect.stringContaining(
      "Deploy to web? (web: nixos-system-web-1 → nixos-system-web-2) Nobody can be asked",
    ),
  ]);
  // What is critical is judged in an emergency, too; how long it stays well is not.
  await hosts.settings({ web: "ready: { within: 1s, stable: 10m }" });
  const emergency = await hosts.laptop.json("host", "deploy", "web", "db", "--emergency", "--yes");
  expect([emergency.code, emergency.document.mode]).toEqual([1, "emergency"]);
  // What fails by the switch itself is taken back in every mode.
  expect(await versions()).toEqual([all(2), all(1), all(1)]);
  expect((await homelab("history")).stdout).toContain("host deploy web db --emergency");
  const both = await homelab("host", "deploy", "web", "--fast", "--emergency");
  expect([both.code, both.stderr]).toEqual([
    2,
    expect.stringContaining("error: `--fast` and `--emergency` are two modes: choose one\n"),
  ]);
});

test("a host that runs what its configuration stands for is not even built", async () => {
  const path = (await hosts.build("web")).trim();
  const gone = async () => (await hosts.laptop.ask("test", "-e", path)).code === 1;
  await hosts.laptop.ask("nix-store", "--delete", path);
  expect(await gone()).toBe(true);
  const { code, stdout, stderr } = await homelab("host", "deploy", "web");
  expect([code, stdout, stderr, await gone()]).toEqual([0, "", "", true]);
  expect((await homelab("host", "build", "web")).stdout).toBe(`${path}\n`);
  expect(await gone()).toBe(false);
});

test("a host builds for another one, whatever this machine has", async () => {
  const has = async (name: string, path: string) =>
    (await hosts.on(name).ask("nix-store", "--check-validity", path)).code === 0;
  // Here is no Nix.
  await hosts.settings({ web: "build: db" });
  hosts.next("web", { version: "7" });
  const built = (await hosts.here.run("host", "build", "web")).stdout.trim();
  expect(nameless(built)).toBe("nixos-system-web-7");
  expect([await has("db", built), await has("web", built)]).toEqual([true, false]);
  const deployed = await hosts.here.run("host", "deploy", "web", "--yes");
  expect([deployed.code, nameless(deployed.stderr)]).toEqual([
    0,
    "web: activated in <time> (runs nixos-system-web-7)\n1 changed in <time>\n",
  ]);
  expect(await hosts.versions("web")).toEqual(all(7));
  // Here is one, and who logs in is not root.
  await hosts.settings({ web: "build: here" }, "admin");
  for (const name of ["web", "mail"])
    await hosts.on(name).run("systemd-run", "--quiet", "--unit=nix-daemon", "nix-daemon");
  for (const name of ["web", "mail"])
    await eventually(`Nix answers on ${name}`, async () => {
      const asked = await hosts
        .on(name)
        .ask("su", "admin", "-c", "nix-store --query --requisites /run/current-system");
      return asked.code === 0;
    });
  hosts.next("web", { version: "8" });
  const other = await homelab("host", "deploy", "web", "--build-on", "mail", "--yes");
  expect([other.code, other.stderr]).toEqual([0, expect.stringContaining("web: activated")]);
  const running = (await hosts.on("web").run("readlink", "-f", "/run/current-system")).trim();
  expect([await has("mail", running), await has("db", running)]).toEqual([true, false]);
  expect(await hosts.versions("web")).toEqual(all(8));
  for (const name of NAMES)
    expect(
      await hosts.on(name).run("sh", "-c", "ls /tmp | grep -c 'homelab-\\(source\\|built\\)' || :"),
    ).toBe("0\n");
  hosts.write("hosts/web.nix", "{ version = 1 +; }\n");
  const broken = await hosts.here.run("host", "diff", "web", "--build-on", "there");
  expect(broken.stderr).toStartWith(
    "evaluate web: failed after <time>: syntax error, unexpected ';' (hosts/web.nix:1:16)\n",
  );
  const unknown = await homelab("host", "build", "web", "--build-on", "mai");
  expect([unknown.code, unknown.stderr]).toEqual([
    2,
    "error: unknown host `mai`\n  hint: did you mean `mail`?\n",
  ]);
});

test("`deploy HOST` takes what the upstream has first, and `host deploy` what is here", async () => {
  const as = ["-c", "user.name=lab", "-c", "user.email=lab@example.org"];
  const git = (...words: string[]) => hosts.laptop.run("git", "-C", hosts.root, ...as, ...words);
  const origin = "/root/origin.git";
  await hosts.laptop.run("rm", "-rf", origin);
  await hosts.laptop.run("git", "init", "--quiet", "--bare", origin);
  await git("init", "--quiet", "--initial-branch=main");
  await git("add", "--all");
  await git("commit", "--quiet", "--message=one");
  hosts.next("web");
  await git("commit", "--quiet", "--all", "--message=two");
  await git("push", "--quiet", "--set-upstream", origin, "main");
  await git("remote", "add", "origin", origin);
  await git("config", "branch.main.remote", "origin");
  await git("reset", "--quiet", "--hard", "HEAD~");
  expect(await homelab("host", "deploy", "web", "--yes")).toMatchObject({ code: 0, stderr: "" });
  expect(await hosts.versions("web")).toEqual(all(1));
  expect((await homelab("deploy", "web", "--no-pull", "--yes")).code).toBe(0);
  expect(await hosts.versions("web")).toEqual(all(1));
  const { code, stderr } = await homelab("deploy", "web", "--yes");
  expect([code, stderr]).toEqual([
    0,
    expect.stringMatching(/^git pull: .*1 new commit(?:.|\n)*\nweb: activated in/),
  ]);
  expect(await hosts.versions("web")).toEqual(all(2));
});
