import { expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { eventually } from "../helpers/eventually.ts";
import { homelab } from "../helpers/homelab.ts";
import { type Hypervisor, hypervisor } from "../helpers/hypervisor.ts";

const KEY = "/root/.ssh/homelab_web";

/** A host like one that was installed a minute ago: sshd takes passwords, sudo asks for one. */
async function fresh(web: Hypervisor): Promise<void> {
  await web.write(
    "/etc/ssh/sshd_config.d/00-fresh.conf",
    "PasswordAuthentication yes\nPerSourcePenalties yes\n",
  );
  await web.run(
    "sh",
    "-ec",
    "rm /etc/sudoers.d/admin; echo admin:swordfish | chpasswd; usermod -aG sudo admin",
  );
  await web.run("systemctl", "restart", "ssh");
}

const authorized = (web: Hypervisor) => web.run("cat", "/home/admin/.ssh/authorized_keys");
const hostKey = async (web: Hypervisor) =>
  (await web.run("ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub")).split(" ")[1] ?? "";

test("a person sets up a new host on a terminal: key, host key, password, sudo", async () => {
  await using made = await homelab({});
  made.write({ "homelab.yml": "hosts: {}\n" });
  await using laptop = await hypervisor({ beside: made, name: "laptop" });
  await using web = await hypervisor({ beside: made, name: "web" });
  await fresh(web);
  const before = await authorized(web);
  const words = ["host", "setup", "web", "--address", web.ssh.address, "--user", "admin"];

  const dry = await laptop.homelab(...words, "--dry-run");
  expect([dry.code, dry.stderr]).toEqual([0, ""]);
  expect(dry.stdout).toContain(`ED25519 ${await hostKey(web)}`);
  expect((await laptop.ask("test", "-e", KEY)).code).toBe(1);

  const shown = await laptop.terminal(words, async (send, written) => {
    const seen = (text: string) => eventually(text, () => written().includes(text));
    await seen("Do these now? [y/N]");
    send("y\r");
    // Once for each time that it is asked for; and again when that was lost on the way, as a person would see.
    const password = async (question: string, then: string) => {
      let [answered, pauses] = [0, 0];
      await eventually(then, () => {
        const asked = written().split(question).length - 1;
        if (asked > answered || (asked > 0 && ++pauses > 100)) {
          [answered, pauses] = [asked, 0];
          send("swordfish\r");
        }
        return written().includes(then);
      });
    };
    await password("'s password:", "done  the key lets in");
    await password("password for admin:", "done  admin is root");
  });
  expect([shown.code, shown.screen]).toEqual([0, expect.stringContaining("web is set up")]);

  const line = (await laptop.run("cat", `${KEY}.pub`)).trim();
  expect(await authorized(web)).toBe(`${before}${line}\n`);
  expect((await laptop.run("stat", "-c", "%a", KEY)).trim()).toBe("600");
  expect((await web.run("stat", "-c", "%a %U", "/home/admin/.ssh/authorized_keys")).trim()).toBe("600 admin");
  expect((await web.run("stat", "-c", "%a %U", "/etc/sudoers.d/homelab-admin")).trim()).toBe("440 root");
  expect(await web.run("cat", "/etc/sudoers.d/homelab-admin")).toBe(
    "# Written by homelab host setup.\nadmin ALL=(ALL:ALL) NOPASSWD: ALL\n",
  );
  await web.run("visudo", "-c");
  const known = await laptop.run("cat", "/root/.ssh/known_hosts");

  const again = await laptop.homelab(...words);
  expect([again.code, again.stderr]).toEqual([0, "web is set up\n"]);
  expect(again.stdout).not.toContain("to do");
  expect(again.stdout).toContain(
    `For homelab.yml:\n  hosts:\n    web:\n      address: ${web.ssh.address}\n      user: admin\n      identity: ~/.ssh/homelab_web\n`,
  );
  expect(await authorized(web)).toBe(`${before}${line}\n`);
  expect(await laptop.run("cat", "/root/.ssh/known_hosts")).toBe(known);

  // Its lines make it a host of the homelab.
  made.write({
    "homelab.yml": `hosts:\n  web: { address: ${web.ssh.address}, user: admin, identity: ${KEY} }\n`,
  });
  const done = await laptop.json("host", "setup", "web");
  expect(done).toMatchObject({ code: 0, document: { recipe: null } });
  expect(done.document.steps.map(({ id, state }: { id: string; state: string }) => [id, state])).toEqual([
    ["key", "ok"],
    ["known-host", "ok"],
    ["login", "ok"],
    ["sudo", "ok"],
    ["needs", "ok"],
    ["sync", "not here"],
  ]);
  expect((await laptop.homelab("host", "ssh", "web", "--", "sudo", "-n", "id", "-u")).stdout).toBe("0\n");

  // Installed anew, or another machine: nothing is overwritten.
  await web.run(
    "sh",
    "-ec",
    "cd /etc/ssh; rm ssh_host_*; ssh-keygen -q -t ed25519 -N '' -f ssh_host_ed25519_key; systemctl restart ssh",
  );
  const changed = await laptop.homelab("host", "setup", "web", "--yes");
  expect([changed.code, changed.stderr]).toEqual([
    5,
    expect.stringMatching(
      /^error: the host key of web \([\w.@]+\) is not the known one: another machine answers/,
    ),
  ]);
  expect(await laptop.run("cat", "/root/.ssh/known_hosts")).toBe(known);
});

test("without a terminal: a fingerprint to compare with, and lines where nothing lets us in", async () => {
  await using made = await homelab({});
  await using laptop = await hypervisor({ beside: made, name: "laptop" });
  await using web = await hypervisor({ beside: made, name: "web" });
  made.write({ "homelab.yml": `hosts:\n  web: { address: ${web.ssh.address}, user: admin }\n` });
  await fresh(web);
  const setup = (...more: string[]) => laptop.homelab("host", "setup", "web", ...more);
  const isKnown = async () => (await laptop.ask("test", "-e", "/root/.ssh/known_hosts")).code === 0;

  const unasked = await setup();
  expect([unasked.code, unasked.stderr]).toEqual([
    5,
    expect.stringContaining("say yes in advance with `--yes`"),
  ]);
  const wrong = `SHA256:${"A".repeat(43)}`;
  const refused = await setup("--yes", "--fingerprint", wrong);
  expect([refused.code, refused.stderr]).toEqual([
    5,
    expect.stringContaining(`web has another host key than ${wrong}: ED25519 ${await hostKey(web)}`),
  ]);
  expect(await isKnown()).toBe(false);

  const locked = await setup("--yes", "--fingerprint", await hostKey(web));
  const line = (await laptop.run("cat", `${KEY}.pub`)).trim();
  expect(locked.code).toBe(77);
  expect(locked.stderr).toContain(`add the line to ~admin/.ssh/authorized_keys there: ${line}; on NixOS:`);
  expect(locked.stderr).toContain(`users.users.admin.openssh.authorizedKeys.keys = [ "${line}" ];`);
  expect(await isKnown()).toBe(true);

  // Another key of this machine opens it: with that, ours gets there.
  const other = await laptop.run("cat", "/root/.ssh/id_ed25519.pub");
  await web.run("sh", "-c", 'printf %s "$0" >>/home/admin/.ssh/authorized_keys', other.trim());
  const rule = await setup("--yes");
  expect([rule.code, rule.stderr]).toEqual([
    77,
    expect.stringContaining("with the line: admin ALL=(ALL:ALL) NOPASSWD: ALL"),
  ]);
  expect((await authorized(web)).split("\n").filter((each) => each === line)).toEqual([line]);

  await web.run("touch", "/etc/NIXOS");
  const nixos = await setup("--yes");
  expect(nixos.code).toBe(3);
  expect(nixos.stdout).toContain('security.sudo.extraRules = [ { users = [ "admin" ]; commands');
  await web.run("rm", "/etc/NIXOS");

  await web.run("sh", "-c", 'echo "admin ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/admin');
  const last = await setup("--yes");
  expect([last.code, last.stderr]).toEqual([0, "web is set up\n"]);
  expect((await authorized(web)).split("\n").filter((each) => each === line)).toEqual([line]);

  await web.run("systemctl", "stop", "ssh.socket", "ssh.service");
  const gone = await setup("--yes");
  expect([gone.code, gone.stderr]).toEqual([69, expect.stringMatching(/web .*refuses connections/)]);
});

test("the repository gets there by rsync or by git, and nothing that is there is lost", async () => {
  await using made = await homelab({});
  await using laptop = await hypervisor({ beside: made, name: "laptop" });
  await using web = await hypervisor({ beside: made, name: "web" });
  made.write({
    "homelab.yml": `hosts:\n  web: { address: ${web.ssh.address}, user: admin, identity: ${web.ssh.key} }\n`,
    "services/plex/compose.yml": "services: {}\n",
    "services/plex/.env": "TOKEN=planted-secret\n",
    "docs/long.md": "text\n",
  });
  const setup = (...more: string[]) => laptop.homelab("host", "setup", "web", "--yes", ...more);
  // A yes in advance is none to a key that nobody has seen.
  const unseen = await setup();
  expect([unseen.code, unseen.stderr]).toEqual([
    5,
    expect.stringContaining(`nobody has compared the host key of web yet: ED25519 ${await hostKey(web)}`),
  ]);
  expect(unseen.stderr).toContain(`\`--yes --fingerprint ${await hostKey(web)}\``);
  expect((await setup("--dry-run")).code).toBe(0);
  expect((await laptop.ask("test", "-e", "/root/.ssh/known_hosts")).code).toBe(1);
  await laptop.write("/root/.ssh/known_hosts", `${web.ssh.knownHosts}\n`);
  const there = (dir: string) =>
    web.run("sh", "-c", 'cd "$0" && find . -type f | grep -v "^./.git/" | sort', dir);
  const sync = async (...more: string[]) => {
    const { code, document } = await laptop.json("host", "setup", "web", "--yes", ...more);
    return [code, document.steps.at(-1)];
  };

  const first = await setup("--sync", "rsync");
  expect([first.code, first.stderr]).toEqual([0, "web is set up\n"]);
  expect(first.stdout).not.toContain("planted-secret");
  const copied = "./.homelab-sync\n./homelab.yml\n./services/plex/.env\n./services/plex/compose.yml\n";
  expect(await there("/home/admin/nixos-config")).toBe(copied);
  expect(await sync("--sync", "rsync")).toEqual([
    0,
    expect.objectContaining({ state: "ok", why: "it is as it is here" }),
  ]);
  // What never was here is left alone; what was sent goes with what is here.
  await web.run("sh", "-c", "mkdir /home/admin/nixos-config/data; echo db >/home/admin/nixos-config/data/db");
  made.write({ "old/deep/file": "text\n" });
  expect((await setup("--sync", "rsync")).code).toBe(0);
  expect(await there("/home/admin/nixos-config")).toContain("./old/deep/file\n");
  const secret = readFileSync(`${made.root}/services/plex/.env`, "utf8");
  rmSync(`${made.root}/services/plex/.env`);
  rmSync(`${made.root}/old`, { recursive: true });
  made.write({ "services/plex/compose.yml": "services: { plex: { image: x } }\n" });
  const dry = await laptop.homelab("host", "setup", "web", "--sync", "rsync", "--dry-run");
  expect(dry.stdout).toContain("1 file to be copied, 1 file to be removed there: old/deep/file");

  // With a key that is new, what would go is not known when it is asked: it is asked again.
  const recipe = readFileSync(`${made.root}/homelab.yml`, "utf8");
  made.write({ "homelab.yml": recipe.replace(web.ssh.key, KEY) });
  const own = await laptop.run("cat", "/root/.ssh/id_ed25519.pub");
  await web.run("sh", "-c", 'printf "%s\\n" "$0" >>/home/admin/.ssh/authorized_keys', own.trim());
  const words = ["host", "setup", "web", "--sync", "rsync"];
  const late = await laptop.terminal(words, async (send, written) => {
    await eventually("the question", () => written().includes("Do these now? [y/N]"));
    send("y\r");
  });
  expect([late.code, late.screen]).toEqual([
    5,
    expect.stringContaining("1 file on web would be removed, of which nobody knew before the login"),
  ]);
  expect(await there("/home/admin/nixos-config")).toContain("./old/deep/file\n");
  made.write({ "homelab.yml": recipe });

  expect((await setup("--sync", "rsync")).code).toBe(0);
  expect(await there("/home/admin/nixos-config")).toBe(copied.replace("./home", "./data/db\n./home"));
  expect((await web.ask("test", "-e", "/home/admin/nixos-config/old")).code).toBe(1);
  made.write({ "services/plex/.env": secret });

  // A copy of another homelab, or of one that nobody can name.
  const marker = "/home/admin/nixos-config/.homelab-sync";
  await web.run("sh", "-c", `cp ${marker} /tmp/marker; echo https://other/lab >${marker}`);
  const other = await setup("--sync", "rsync");
  expect([other.code, other.stderr]).toEqual([
    5,
    expect.stringContaining("~/nixos-config on web is a copy of https://other/lab, not of "),
  ]);
  await web.run("sh", "-c", `: >${marker}`);
  expect((await setup("--sync", "rsync")).code).toBe(5);
  await web.run("cp", "/tmp/marker", marker);

  await web.run("sh", "-c", "mkdir /srv/own; echo mine >/srv/own/file");
  const foreign = await setup("--sync", "rsync", "--to", "/srv/own");
  expect([foreign.code, foreign.stderr]).toEqual([
    5,
    expect.stringContaining("/srv/own on web is there, and is no copy of "),
  ]);
  expect(await there("/srv/own")).toBe("./file\n");

  // Somebody else's, below a directory that is closed to the login, stays his; and none is made that cannot be reached.
  await web.run("sh", "-c", "mkdir -p -m 700 /srv/closed; mkdir -m 750 /srv/closed/own");
  const closed = await setup("--sync", "rsync", "--to", "/srv/closed/own");
  expect([closed.code, closed.stderr]).toEqual([
    77,
    expect.stringContaining("/srv/closed/own on web is not for this login to write"),
  ]);
  const below = await setup("--sync", "rsync", "--to", "/srv/closed/new");
  expect([below.code, below.stderr]).toEqual([
    77,
    expect.stringContaining("a directory above /srv/closed/new on web is closed to this login"),
  ]);
  expect(await web.run("stat", "-c", "%a %U", "/srv/closed/own")).toBe("750 root\n");
  expect(await web.run("ls", "/srv/closed")).toBe("own\n");

  // A bare repository that the host reads as well: the directory of the test is in both containers.
  const git = (...words: string[]) => laptop.run("git", "-C", made.root, ...words);
  const up = `${made.top}/up.git`;
  await laptop.run("git", "init", "--quiet", "--bare", up);
  await git("init", "--quiet");
  await git("remote", "add", "origin", `file://${up}`);
  const push = async () => {
    await git("add", "homelab.yml", "services/plex/compose.yml");
    await git("commit", "--quiet", "--message=more");
    await git("push", "--quiet", "--set-upstream", "origin", "HEAD");
  };
  await push();
  await web.run("git", "config", "--system", "--add", "safe.directory", "*");
  const cloned = await setup("--sync", "git", "--to", "/opt/homelab");
  expect([cloned.code, cloned.stderr]).toEqual([0, "web is set up\n"]);
  expect(await there("/opt/homelab")).toBe("./homelab.yml\n./services/plex/compose.yml\n");
  expect((await web.run("stat", "-c", "%U", "/opt/homelab")).trim()).toBe("admin");
  expect(await sync("--sync", "git", "--to", "/opt/homelab")).toEqual([
    0,
    expect.objectContaining({ state: "ok" }),
  ]);
  made.write({ "services/plex/compose.yml": "services: {}\n" });
  await push();
  expect((await setup("--sync", "git", "--to", "/opt/homelab")).stdout).toContain("`git pull --ff-only`");
  expect(await web.run("cat", "/opt/homelab/services/plex/compose.yml")).toBe("services: {}\n");
  expect((await setup("--sync", "git")).stderr).toContain("is there, and is no clone");
  // One that was broken off is begun anew; but not where a person has something beside it.
  await web.run(
    "sh",
    "-c",
    "mkdir -p /home/admin/half/.homelab-new/.git; echo old >/home/admin/half/homelab.yml; chown -R admin: /home/admin/half",
  );
  expect((await setup("--sync", "git", "--to", "/home/admin/half")).stderr).toContain(
    "is there, and is no clone",
  );
  await web.run("rm", "/home/admin/half/homelab.yml");
  expect((await setup("--sync", "git", "--to", "/home/admin/half")).code).toBe(0);
  expect(await there("/home/admin/half")).toBe("./homelab.yml\n./services/plex/compose.yml\n");
  expect(await web.run("cat", "/home/admin/half/homelab.yml")).toContain("hosts:");
  expect(existsSync(`${made.root}/services/plex/.env`)).toBe(true);
  expect(readFileSync(`${made.root}/services/plex/.env`, "utf8")).toContain("planted");
});
