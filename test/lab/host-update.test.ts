import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../helpers/eventually.ts";
import { openGithub } from "../helpers/github.ts";
import { FAILING, Hosts, service } from "../helpers/hosts.ts";
import { HOST_NETWORK } from "../helpers/paths.ts";

let hosts: Hosts;
const github = openGithub("0.0.0.0");
let gateway = "";
/** The version of the packages that the inputs have. */
let version = 1;

const inTop = (...path: string[]) => join(hosts.root, "..", ...path);
const git = (...words: string[]) =>
  hosts.laptop.run(
    "git",
    "-C",
    inTop("tools"),
    "-c",
    "user.name=lab",
    "-c",
    "user.email=lab@example.org",
    ...words,
  );
/** Makes something newer of one input, or of both. */
async function release(...inputs: ("nixpkgs" | "tools")[]): Promise<void> {
  version++;
  if (inputs.includes("nixpkgs")) writeFileSync(inTop("nixpkgs/version"), `${version}`);
  if (!inputs.includes("tools")) return;
  writeFileSync(inTop("tools/kernel"), `6.12.${version}`);
  await git("commit", "--quiet", "--all", `--message=${version}`);
}
const FLAKE = (top: string) => `{
  inputs.nixpkgs = { url = "path:${top}/nixpkgs"; flake = false; };
  inputs.tools = { url = "git+file://${top}/tools"; flake = false; };
  outputs = { self, nixpkgs, tools }: {
    nixosConfigurations = builtins.mapAttrs (name: own: {
      config.system.build.toplevel = import ./system.nix name ({
        version = builtins.readFile "\${nixpkgs}/version";
        kernel = builtins.readFile "\${tools}/kernel";
      } // own);
    }) { web = import ./hosts/web.nix; db = import ./hosts/db.nix; };
  };
}
`;

beforeAll(async () => {
  hosts = await Hosts.boot(["web", "db"]);
  mkdirSync(inTop("nixpkgs"));
  mkdirSync(inTop("tools"));
  writeFileSync(inTop("nixpkgs/version"), "1");
  writeFileSync(inTop("tools/kernel"), "6.12.1");
  await git("init", "--quiet", "--initial-branch=main");
  await git("add", "--all");
  await git("commit", "--quiet", "--message=1");
  hosts.write("flake.nix", FLAKE(inTop()));
  hosts.configure("web", { units: { "web.service": service("one") } });
  const format = "{{(index .IPAM.Config 0).Gateway}}";
  gateway = (
    await hosts.here.tool(".", "docker", "network", "inspect", "--format", format, HOST_NETWORK)
  ).trim();
}, 120_000);
afterAll(async () => {
  await hosts[Symbol.asyncDispose]();
  github[Symbol.dispose]();
});
beforeEach(async () => {
  Object.assign(github, { issues: [], answer: undefined, left: 10 });
  github.take();
  await hosts.idle("web");
  await hosts.rebooted("web");
});

const lock = () =>
  existsSync(join(hosts.root, "flake.lock")) ? readFileSync(join(hosts.root, "flake.lock"), "utf8") : "";
const backup = (name = "flake.lock.backup") => readFileSync(join(hosts.root, name), "utf8");
const laptop = () => hosts.laptop.as("root", { HOMELAB_GITHUB_API: `http://${gateway}:${github.port}` });
const onTerminal = (args: string[], type: Parameters<Hosts["laptop"]["terminal"]>[1]) =>
  hosts.laptop.terminal(args, type, { HOMELAB_GITHUB_API: `http://${gateway}:${github.port}` });
const update = (...words: string[]) => laptop().run("update", ...words);
const all = (of: number) => ({ runs: `${of}`, boots: `${of}`, profile: `${of}` });
const plain = (text: string) =>
  text
    .replace(/\/nix\/store\/[0-9a-z]{32}-/g, "")
    .replace(/\b[0-9a-f]{10} \(\d{4}-\d\d-\d\d\)/g, "<revision>")
    .replace(/(?<=[ ])[A-Za-z0-9+/]{10} \(\d{4}-\d\d-\d\d\)/g, "<hash>");

test("the first update writes a lock file, and one without news changes nothing", async () => {
  const { code, stdout } = await update();
  expect([code, plain(stdout).replaceAll(inTop(), "<top>")]).toEqual([
    0,
    "nixpkgs: new, path:<top>/nixpkgs <hash>\ntools: new, git+file://<top>/tools?ref=main <revision>\n",
  ]);
  const before = lock();
  expect(await update("flake")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect([lock(), existsSync(join(hosts.root, "flake.lock.backup"))]).toEqual([before, false]);
});

test("a dry run and a preview show what would move, and leave flake.lock alone", async () => {
  await release("nixpkgs", "tools");
  const before = lock();
  const dry = await update("--dry-run");
  expect({ ...dry, stdout: plain(dry.stdout) }).toEqual({
    code: 0,
    stdout: "nixpkgs: <hash> → <hash>\ntools: <revision> → <revision>\n",
    stderr: "",
  });
  const shown = await update("preview", "web");
  expect({ ...shown, stdout: plain(shown.stdout) }).toEqual({
    code: 0,
    stderr: "",
    stdout: [
      "inputs:",
      "  nixpkgs: <hash> → <hash>",
      "  tools: <revision> → <revision>",
      "web: nixos-system-web-1 → nixos-system-web-2",
      "  change:",
      "    app: 1 → 2",
      "    linux: 6.12.1 → 6.12.2",
      "    nixos-system-web: 1 → 2",
      "  3 packages changed",
      "  in force only after a reboot: kernel, initrd, kernel-modules",
      "",
    ].join("\n"),
  });
  const { document } = await laptop().json("update", "preview", "web", "tools");
  expect(
    document.inputs.map(({ input, change }: { input: string; change: string }) => [input, change]),
  ).toEqual([["tools", "updated"]]);
  expect([document.lock.written, document.hosts[0].comparison.packages.length]).toEqual([false, 1]);
  expect([lock(), existsSync(join(hosts.root, "flake.lock.backup"))]).toEqual([before, false]);
  expect(await hosts.versions("web")).toEqual(all(1));
});

test("one input alone, with the old lock file kept", async () => {
  const before = lock();
  const { code, stdout, stderr } = await update("flake", "tools");
  expect([code, plain(stdout), stderr]).toEqual([
    0,
    "tools: <revision> → <revision>\n",
    "flake lock: ran in <time> (1 input moved; the old one is flake.lock.backup)\n1 changed in <time>\n",
  ]);
  expect([backup(), lock() === before]).toEqual([before, false]);
});

test("what cannot be done is said, and changes nothing", async () => {
  const before = lock();
  const told = async (...words: string[]) => {
    const { code, stderr } = await update(...words);
    return [code, stderr.split("\n").slice(0, 2).join("\n")];
  };
  expect(await told("flake", "nixpkg")).toEqual([
    2,
    "flake update: failed after <time>: the flake has no input `nixpkg`\n  hint: did you mean `nixpkgs`?",
  ]);
  expect(await told("flake", "--all")).toEqual([2, expect.stringContaining("unknown option")]);
  expect(await told("nixpkgs")).toEqual([
    2,
    "error: `update` has no `nixpkgs`\n  hint: it has flake, preview, system, smart; an input of the flake comes after `flake`: `homelab update flake nixpkgs`",
  ]);
  expect(await told("preview", "wep")).toEqual([2, "error: unknown host `wep`\n  hint: did you mean `web`?"]);
  expect(await told("preview", "--within", "1m")).toEqual([
    2,
    expect.stringContaining("takes no `--within`"),
  ]);
  rmSync(inTop("nixpkgs"), { recursive: true });
  const [code, text] = await told("flake");
  expect([code, text]).toEqual([78, expect.stringContaining("there is no flake at its input nixpkgs")]);
  mkdirSync(inTop("nixpkgs"));
  writeFileSync(inTop("nixpkgs/version"), `${version}`);
  hosts.write("flake.lock", `<<<<<<< HEAD\n${before}`);
  expect(await told("flake")).toEqual([78, expect.stringContaining("a merge that was not finished")]);
  expect(lock()).toStartWith("<<<<<<< HEAD");
  hosts.write("flake.lock", before);
});

test("newer inputs are deployed; then flake.lock has them", async () => {
  const before = lock();
  const unasked = await update("system", "web");
  expect([unasked.code, unasked.stderr]).toEqual([5, expect.stringContaining("flake.lock is as it was\n")]);
  expect([lock(), await hosts.versions("web")]).toEqual([before, all(1)]);
  const { code, stderr } = await update("system", "web", "--yes");
  expect([code, plain(stderr)]).toEqual([
    0,
    [
      "nixpkgs: <hash> → <hash>",
      "web: activated in <time> (runs nixos-system-web-2)",
      "flake lock: ran in <time> (1 input moved; the old one is flake.lock.backup)",
      "2 changed in <time>",
      "",
    ].join("\n"),
  ]);
  expect(await hosts.versions("web")).toEqual(all(2));
  expect(backup()).toBe(before);
  expect(backup("flake.lock.backup.1")).not.toBe(before);
  // What a deploy makes of that is what runs already.
  const again = await hosts.laptop.homelab("host", "deploy", "web");
  expect([again.code, again.stderr]).toEqual([0, ""]);
});

test("what does not build, or goes back, leaves flake.lock byte for byte", async () => {
  await release("nixpkgs");
  const [before, kept] = [lock(), backup()];
  hosts.configure("web", { units: { "web.service": service("one"), "bad.service": FAILING } });
  const back = await update("system", "web", "--yes");
  expect([back.code, back.stderr]).toEqual([
    1,
    expect.stringContaining("web went back to the system that ran before"),
  ]);
  expect(back.stderr).toContain("flake.lock is as it was\n");
  expect([lock(), backup(), await hosts.versions("web")]).toEqual([before, kept, all(2)]);
  writeFileSync(inTop("nixpkgs/version"), "3; exit 1 #");
  const broken = await laptop().json("update", "system", "web", "--yes");
  expect([broken.code, broken.document.outcome, broken.document.lock.written]).toEqual([1, "failed", false]);
  expect([lock(), backup(), await hosts.versions("web")]).toEqual([before, kept, all(2)]);
  writeFileSync(inTop("nixpkgs/version"), `${version}`);
  hosts.configure("web", { units: { "web.service": service("one") } });
});

test("one of two hosts goes back: flake.lock stays, and it is said which host is ahead of it", async () => {
  const before = lock();
  hosts.configure("db", { units: { "web.service": service("one"), "bad.service": FAILING } });
  const { code, stderr } = await update("system", "--yes");
  expect([code, stderr]).toEqual([1, expect.stringContaining("db went back to the system that ran before")]);
  expect(stderr).toEndWith(
    [
      "flake.lock is as it was",
      "warning: web runs what comes of the newer inputs, which flake.lock does not have: `homelab host rollback web` puts it back",
      "",
    ].join("\n"),
  );
  expect([lock(), await hosts.versions("web"), await hosts.versions("db")]).toEqual([before, all(3), all(1)]);
  expect((await hosts.laptop.homelab("host", "rollback", "web", "--yes")).code).toBe(0);
  expect(await hosts.versions("web")).toEqual(all(2));
});

test("smart: a critical issue blocks, and says what can be done instead", async () => {
  await release("tools");
  github.issues = [
    { number: 250123, title: "app 3.x fails to boot on UEFI", labels: ["0.kind: bug"] },
    { number: 1, title: "linux: enable some option", labels: ["0.kind: enhancement"] },
  ];
  const before = lock();
  const { code, stderr } = await update("smart", "web", "--yes");
  expect([code, plain(stderr)]).toEqual([
    5,
    [
      "nixpkgs: <hash> → <hash>",
      "tools: <revision> → <revision>",
      "known issues of what comes:",
      "  critical  app 3: #250123 app 3.x fails to boot on UEFI",
      "            https://github.com/NixOS/nixpkgs/issues/250123",
      "  1 other issue names one of the packages, and nothing of its new version",
      "flake.lock is as it was",
      "error: not updated: a critical issue is known of what comes",
      "  note: app 3: #250123 app 3.x fails to boot on UEFI",
      "    https://github.com/NixOS/nixpkgs/issues/250123",
      "  hint: leave nixpkgs as it is for now: `homelab update flake tools`",
      "    or go on in spite of that: `--accept-issues` (an issue that is closed is not yet mended in every channel)",
      "",
    ].join("\n"),
  ]);
  expect(github.take()).toEqual([
    {
      query: expect.stringMatching(
        /^repo:NixOS\/nixpkgs is:issue \(is:open OR closed:>=\d{4}-\d\d-\d\d\) in:title \("app" OR "linux"\)$/,
      ),
      authorization: null,
    },
  ]);
  const dry = await laptop().json("update", "smart", "web", "--dry-run");
  expect([dry.code, dry.document.known.risk, dry.document.known.checked]).toEqual([
    5,
    "critical",
    ["app", "linux"],
  ]);
  expect([lock(), await hosts.versions("web")]).toEqual([before, all(2)]);
  // It weighs more that a unit runs the package.
  github.issues = [{ number: 4, title: "app hangs", labels: ["0.kind: regression"] }];
  const risk = async () => (await laptop().json("update", "smart", "web", "--dry-run")).document.known.risk;
  expect(await risk()).toBe("medium");
  const path = `/nix/store/${"0".repeat(32)}-app-9/bin/app`;
  hosts.configure("web", { units: { "web.service": `${service("one")}Environment=APP=${path}\n` } });
  expect(await risk()).toBe("high");
  hosts.configure("web", { units: { "web.service": service("one") } });
});

test("smart: without an answer of GitHub a person decides; without an issue only the deploy is asked about", async () => {
  github.answer = () => Response.json({ message: "no" }, { status: 503 });
  const before = lock();
  const unasked = await update("smart", "web");
  expect([unasked.code, unasked.stderr]).toEqual([
    5,
    expect.stringContaining("The risk is medium. Deploy to web?"),
  ]);
  expect(unasked.stderr).toContain(`not checked: app, linux (${gateway}:${github.port}: HTTP 503)\n`);
  expect(lock()).toBe(before);
  github.answer = undefined;
  const done = await laptop().json("update", "smart", "web", "--yes");
  expect([done.code, done.document.known]).toEqual([
    0,
    { risk: "none", checked: ["app", "linux"], unchecked: [], problem: null, issues: [] },
  ]);
  expect([await hosts.versions("web"), backup()]).toEqual([all(3), before]);
  const report = await hosts.laptop.homelab("report");
  expect(report.stdout).toContain("flake lock");
});

test("smart: what is known and accepted does not block", async () => {
  await release("nixpkgs");
  github.issues = [{ number: 7, title: "app 5 does not boot", labels: ["1.severity: blocker"] }];
  expect((await update("smart", "web", "--yes")).code).toBe(5);
  const { code } = await update("smart", "web", "--yes", "--accept-issues");
  expect([code, await hosts.versions("web")]).toEqual([0, all(5)]);
});

test("a person is asked, and may break it off: flake.lock never was anything else", async () => {
  await release("tools");
  const [before, kept] = [lock(), backup()];
  const asked = async (type: (send: (keys: string) => void, written: () => string) => Promise<void>) => {
    const { code, screen } = await onTerminal(["update", "smart", "web"], type);
    return { code, screen: plain(screen) };
  };
  const no = await asked(async (send, written) => {
    await eventually("the question", () => written().includes("[y/N]"));
    expect([lock(), backup()]).toEqual([before, kept]);
    send("n\r");
  });
  expect([no.code, no.screen]).toEqual([
    5,
    [
      "tools: <revision> → <revision>",
      "no known issue speaks against the 1 package that comes",
      "web: nixos-system-web-5 → nixos-system-web-5",
      "  1 package changed",
      "    linux: 6.12.4 → 6.12.6",
      "  in force only after a reboot: kernel, initrd, kernel-modules",
      "Deploy to web? [y/N] n",
      "flake.lock is as it was",
      "error: nothing was done: the answer was not yes",
    ].join("\n"),
  ]);
  const broken = await asked(async (send, written) => {
    await eventually("the question", () => written().includes("[y/N]"));
    send("\x03");
  });
  expect(broken.code).toBe(130);
  expect([lock(), backup(), await hosts.versions("web")]).toEqual([before, kept, all(5)]);
});

test("a host of another kind builds by itself, with the new lock file", async () => {
  const before = lock();
  const uname = "/usr/local/bin/uname";
  await hosts.laptop.write(uname, "#!/bin/sh\necho Darwin arm64\n");
  await hosts.laptop.run("chmod", "755", uname);
  try {
    const { code, stdout } = await update("preview", "web");
    expect([code, plain(stdout)]).toEqual([0, expect.stringContaining("linux: 6.12.4 → 6.12.6\n")]);
    expect(lock()).toBe(before);
  } finally {
    await hosts.laptop.run("rm", uname);
  }
});

test("in a repository git gets to know a new lock file, as Nix does not see it otherwise", async () => {
  const here = (...words: string[]) =>
    hosts.laptop.run(
      "git",
      "-C",
      hosts.root,
      "-c",
      "user.name=lab",
      "-c",
      "user.email=lab@example.org",
      ...words,
    );
  await here("init", "--quiet");
  rmSync(join(hosts.root, "flake.lock"));
  rmSync(join(hosts.root, "flake.lock.backup"));
  rmSync(join(hosts.root, "flake.lock.backup.1"));
  await here("add", "--all");
  await here("commit", "--quiet", "--message=one");
  const { code } = await update();
  expect([code, await here("status", "--short")]).toEqual([0, " A flake.lock\n"]);
  await here("commit", "--quiet", "--all", "--message=two");
  await release("nixpkgs");
  const { code: done, stderr } = await update("system", "web", "--yes");
  expect([done, stderr]).toEqual([0, expect.stringContaining("web: activated in <time>")]);
  expect(await here("status", "--short")).toBe(" M flake.lock\n?? flake.lock.backup\n");
  const again = await hosts.laptop.homelab("host", "deploy", "web");
  expect([again.code, again.stderr]).toEqual([
    0,
    "warning: built with changes that are not committed: flake.lock\n",
  ]);
  expect(await hosts.versions("web")).toEqual(all(7));
});
