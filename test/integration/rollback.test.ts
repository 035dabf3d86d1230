import { expect, test } from "bun:test";
import { app, composeFile, health, idle, shell } from "../helpers/compose.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";
import { nixos } from "../helpers/nixos.ts";
import { IMAGE } from "../helpers/paths.ts";

const book = (rollback: string) =>
  `services:\n  web~: { rollback: ${rollback}, ready: { stable: 500ms } }\n  top~: { needs: [web~], ready: { stable: 0s } }\n`;
const WEB = "services/web~/compose.yml";
const files = (rollback = "manual") => ({
  "homelab.yml": book(rollback),
  [WEB]: app({ hostname: "one" }),
  "services/top~/compose.yml": app(),
});
const hostname = async (lab: Homelab) =>
  (await lab.docker("inspect", "-f", "{{.Config.Hostname}}", "web~-app-1")).trim();
const steps = (document: { steps: never[] }) =>
  document.steps.map(({ id, action, result, reason }: never) => [
    id,
    action,
    result,
    (reason as { code: string }).code,
  ]);

test.concurrent("rollback brings the files of the release before, and leaves the repository as it is", async () => {
  await using lab = await homelab(files());
  await lab.run("ensure", "all");
  lab.write({ [WEB]: app({ hostname: "two" }) });
  await lab.run("ensure", "all");
  // Ids are given in the order in which services were ready, of which two do not wait for each other.
  const [, first] = (await lab.json("rollback", "web~", "--list")).document.services[0].releases;
  expect(await lab.run("rollback", "web~")).toEqual({
    code: 0,
    stdout: "",
    stderr: `web~: rolled back in <time> (asked for with \`rollback\`: release ${first.id})\n1 changed in <time>\n`,
  });
  expect(await hostname(lab)).toBe("one");
  expect(await Bun.file(lab.path(WEB)).text()).toContain('"two"');
  // It stays so, whoever runs next, until the files change again.
  const { code, document } = await lab.json("ensure", "all");
  expect([code, steps(document)]).toEqual([
    0,
    [
      ["web~", "none", "unchanged", "rolled-back"],
      ["top~", "none", "unchanged", "up-to-date"],
    ],
  ]);
  lab.write({ [WEB]: app({ hostname: "three" }) });
  expect((await lab.run("ensure", "all")).code).toBe(0);
  expect(await hostname(lab)).toBe("three");
});

test.concurrent("releases are listed with their commit and images, and one can be named", async () => {
  await using lab = await homelab(files());
  const git = (...words: string[]) =>
    lab.tool(".", "git", "-c", "user.name=A", "-c", "user.email=a@example.org", ...words);
  await git("init", "-q");
  await git("add", ".");
  await git("commit", "-qm", "first");
  const commit = (await git("rev-parse", "HEAD")).trim();
  for (const name of ["one", "two", "three"]) {
    lab.write({ [WEB]: app({ hostname: name }) });
    await lab.run("ensure", "web~");
  }
  const { document } = await lab.json("rollback", "web~", "--list");
  const [service] = document.services;
  const image = (await lab.docker("image", "inspect", "-f", "{{.Id}}", IMAGE)).trim();
  expect(service.releases).toHaveLength(3);
  expect(service.releases[2]).toEqual({
    id: service.releases[2].id,
    at: expect.any(String),
    gitRevision: commit,
    images: [{ service: "app", image: IMAGE, id: image }],
  });
  expect((await lab.run("rollback", "web~", "--to", String(service.releases[2].id))).code).toBe(0);
  expect(await hostname(lab)).toBe("one");
  expect(await lab.run("rollback", "web~", "--to", "none")).toMatchObject({ code: 2 });
  expect(await lab.run("rollback", "all", "--to", "1")).toMatchObject({ code: 2 });
});

test.concurrent("a rollback that changes no container says so", async () => {
  await using lab = await homelab(files());
  await lab.run("ensure", "web~");
  lab.write({ [WEB]: app({ hostname: "two" }) });
  await lab.run("ensure", "web~");
  await lab.run("rollback", "web~");
  const before = await lab.ids();
  expect(await lab.run("rollback", "web~", "--to", "1")).toEqual({
    code: 0,
    stdout: "",
    stderr: "web~: nothing had to be changed for release 1\n",
  });
  const { document } = await lab.json("rollback", "web~", "--to", "1");
  expect([document.outcome, ...steps(document)]).toEqual([
    "unchanged",
    ["web~", "rollback", "unchanged", "same"],
  ]);
  expect(await lab.ids()).toEqual(before);
});

test.concurrent("containers that were made in another order are no release of their own", async () => {
  await using lab = await homelab(files());
  lab.write({ [WEB]: composeFile({ app: idle(), db: idle() }) });
  for (const service of ["app", "db", "app"]) {
    expect((await lab.run("ensure", "web~")).code).toBe(0);
    await lab.docker("rm", "--force", `web~-${service}-1`);
  }
  expect((await lab.run("ensure", "web~")).code).toBe(0);
  expect((await lab.json("rollback", "web~", "--list")).document.services[0].releases).toHaveLength(1);
  expect(await lab.run("rollback", "web~")).toMatchObject({ code: 5, stdout: "" });
});

test.concurrent("without an earlier release nothing is touched", async () => {
  await using lab = await homelab(files());
  await lab.run("ensure", "all");
  const before = await lab.ids();
  expect(await lab.run("rollback", "web~")).toEqual({
    code: 5,
    stdout: "",
    stderr: `error: \`web~\` has no release before the one that runs
  hint: \`homelab rollback web~ --list\` shows the releases
`,
  });
  expect(await lab.ids()).toEqual(before);
});

test.concurrent("what cannot be put back is refused before anything is touched, and is no run", async () => {
  await using lab = await homelab({ "homelab.yml": "services:\n  web~: {}\n  top~: { needs: [web~] }\n" });
  const image = "homelab-lab/gone~:1";
  const write = (hostname: string, top: string) =>
    lab.write({
      [WEB]: app({ hostname }),
      "services/top~/compose.yml": app({ image: top, pull_policy: "never" }),
    });
  const id = (await lab.docker("create", IMAGE, "true")).trim();
  await lab.docker("commit", "--change", 'CMD ["sleep", "1000"]', id, image);
  await lab.docker("rm", id);
  write("one", image);
  expect((await lab.run("ensure", "all")).code).toBe(0);
  write("two", IMAGE);
  expect((await lab.run("ensure", "all")).code).toBe(0);
  expect(await lab.run("rollback", "web~", "top~", "--dry-run")).toEqual({
    code: 0,
    stdout: `web~  rollback  asked for with \`rollback\`: release 1
top~  rollback  asked for with \`rollback\`: release 2
2 to change, 0 as they are
`,
    stderr: "",
  });
  await lab.docker("rmi", image);
  const before = await lab.ids();
  for (const words of [[], ["--dry-run"]]) {
    const refused = await lab.run("rollback", "web~", "top~", ...words);
    expect([refused.code, refused.stdout]).toEqual([5, ""]);
    expect(refused.stderr).toStartWith("error: `top~` cannot go back to release 2: ");
    const unknown = await lab.run("rollback", "web~", "--to", "99", ...words);
    expect(unknown).toEqual({
      code: 2,
      stdout: "",
      stderr: "error: `web~` has no release 99\n  hint: `homelab rollback web~ --list` shows the releases\n",
    });
  }
  expect(await lab.ids()).toEqual(before);
  const { runs } = (await lab.json("history")).document;
  expect(runs.map(({ command }: { command: string }) => command)).toEqual(["ensure all", "ensure all"]);
});

test.concurrent("a compose file that is broken by now is no hindrance", async () => {
  await using lab = await homelab(files());
  await lab.run("ensure", "web~");
  lab.write({ [WEB]: app({ hostname: "two" }) });
  await lab.run("ensure", "web~");
  lab.write({ [WEB]: "services: [" });
  expect((await lab.run("rollback", "web~")).code).toBe(0);
  expect(await hostname(lab)).toBe("one");
});

test.concurrent("a bad update goes back by itself where the recipe says so, and is not tried again (situation 36)", async () => {
  await using lab = await homelab(files("auto"));
  await lab.run("ensure", "all");
  lab.write({ [WEB]: app({ hostname: "bad", ...shell("echo cannot start; exit 3") }) });
  const failed = await lab.run("ensure", "all");
  expect(failed).toEqual({
    code: 1,
    stdout: "",
    stderr: `web~: failed after <time>: web~-app-1 exited with code 3; rolled back, what ran before serves again
  | cannot start
  hint: the next run leaves it so until its files or its image change; \`homelab ensure web~ --force\` tries again
1 failed in <time>
details: homelab report <run>
`,
  });
  expect(await hostname(lab)).toBe("one");
  expect((await lab.statuses())["services/web~:app"]).toBe("running");
  expect(await lab.run("ensure", "all")).toEqual({ code: 0, stdout: "", stderr: "" });
  await lab.docker("stop", "web~-app-1");
  await lab.run("ensure", "all");
  expect(await hostname(lab)).toBe("one");
});

test.concurrent("a bad new image goes back to the one before, which is found by its id (situation 36)", async () => {
  await using lab = await homelab(files("auto"));
  /** Makes an image that runs a command, and gives it the tag. */
  const image = async (line: string) => {
    const id = (await lab.docker("create", IMAGE, "true")).trim();
    await lab.docker("commit", "--change", `CMD ["sh", "-c", "${line}"]`, id, "web~:latest");
    await lab.docker("rm", id);
  };
  lab.write({ [WEB]: app({ image: "web~", pull_policy: "never" }) });
  await image("exec sleep 1000");
  await lab.run("ensure", "all");
  const [good] = (await lab.containers()).filter(({ dir }) => dir === "services/web~");
  await image("echo broken; exit 1");
  const { code, document } = await lab.json("ensure", "all");
  expect(code).toBe(1);
  expect(steps(document)).toEqual([
    ["web~", "update", "failed", "rolled-back"],
    ["top~", "none", "unchanged", "up-to-date"],
  ]);
  const [now] = (await lab.containers()).filter(({ dir }) => dir === "services/web~");
  expect([now?.status, now?.image]).toEqual(["running", good?.image as string]);
  expect((await lab.json("ensure", "all")).document.outcome).toBe("unchanged");
  await image("exec sleep 2000");
  expect(steps((await lab.json("ensure", "all")).document)[0]).toEqual([
    "web~",
    "update",
    "changed",
    "image-newer",
  ]);
});

test.concurrent("what only the bad version has is stopped, and not taken away", async () => {
  await using lab = await homelab(files("auto"));
  const state = async () =>
    Object.fromEntries((await lab.containers()).map(({ service, status }) => [service, status]));
  const debug = { debug: idle({ profiles: ["debug"] }) };
  lab.write({ [WEB]: composeFile({ app: idle(), ...debug }) });
  await lab.run("ensure", "web~");
  // By hand, and nothing that any version of the service asks for.
  await lab.compose("services/web~", "-p", "web~", "--profile", "debug", "up", "-d", "debug");
  const bad = { bad: idle({ restart: "always", ...shell("exit 3") }) };
  lab.write({ [WEB]: composeFile({ app: idle(), ...debug, ...bad }) });
  expect((await lab.run("ensure", "web~")).stderr).toContain("; rolled back, what ran before serves again");
  expect(await state()).toEqual({ app: "running", debug: "running", bad: "exited" });
  // One that comes up, and is not wanted any more: by hand, with a file that is broken by then.
  lab.write({ [WEB]: composeFile({ app: idle(), ...debug, bad: idle({ restart: "always" }) }) });
  expect((await lab.run("ensure", "web~")).code).toBe(0);
  expect((await state()).bad).toBe("running");
  lab.write({ [WEB]: "services: [" });
  expect((await lab.run("rollback", "web~")).code).toBe(0);
  expect(await state()).toEqual({ app: "running", debug: "running", bad: "exited" });
});

test.concurrent("a port that a new service took over is free again for the one that had it", async () => {
  await using lab = await homelab(files());
  const port = { network_mode: undefined, ports: ["127.0.0.1:39471:80"] };
  lab.write({ [WEB]: composeFile({ app: idle(port) }) });
  expect((await lab.run("ensure", "web~")).code).toBe(0);
  lab.write({ [WEB]: composeFile({ app: idle(), proxy: idle(port) }) });
  expect((await lab.run("ensure", "web~")).code).toBe(0);
  expect(await lab.run("rollback", "web~")).toMatchObject({ code: 0 });
  expect((await lab.statuses())["services/web~:proxy"]).toBe("exited");
});

test.concurrent("with `rollback: manual` a bad update stays as it is, and rollback brings the old one back", async () => {
  await using lab = await homelab(files());
  await lab.run("ensure", "all");
  lab.write({ [WEB]: app({ hostname: "bad", ...shell("exit 3") }) });
  expect((await lab.run("ensure", "web~")).code).toBe(1);
  expect(await hostname(lab)).toBe("bad");
  expect((await lab.run("rollback", "web~")).code).toBe(0);
  expect(await hostname(lab)).toBe("one");
  expect(await lab.run("ensure", "all")).toEqual({ code: 0, stdout: "", stderr: "" });
});

/** Becomes ready once there is a file, which is waited for for a short time. */
const SLOW = health("test -e /tmp/well", { start_period: "1h" });
const slowBook = (rollback: string) =>
  `services:\n  web~: { rollback: ${rollback}, ready: { within: 5s, stable: 0s } }\n`;
/** Brings it up while somebody makes it well. */
async function getWell(lab: Homelab): Promise<void> {
  const run = lab.start("ensure", "web~");
  await eventually("it runs", async () => (await lab.statuses())["services/web~:app"] === "running");
  await lab.docker("exec", "web~-app-1", "touch", "/tmp/well");
  expect((await run.ended).code).toBe(0);
}

test.concurrent("a rollback that is not ready in time stays, and later runs wait for it", async () => {
  await using lab = await homelab({ "homelab.yml": slowBook("manual") });
  lab.write({ [WEB]: composeFile({ app: idle({ hostname: "one", ...SLOW }), old: idle() }) });
  await getWell(lab);
  lab.write({ [WEB]: app({ hostname: "two" }) });
  expect((await lab.run("ensure", "web~")).code).toBe(0);
  const failure = expect.stringMatching(
    /^web~: failed after <time>: not ready in time: web~-app-1: health: starting\n/,
  );
  const late = await lab.run("rollback", "web~");
  expect(late).toEqual({
    code: 1,
    stdout: "",
    stderr: `web~: failed after <time>: not ready in time: web~-app-1: health: starting
  hint: \`docker logs web~-app-1\` shows all that it said; it stays rolled back, and \`homelab ensure web~ --force\` takes up what its files say
1 failed in <time>
details: homelab report <run>
`,
  });
  const before = await lab.ids();
  expect((await lab.json("plan", "web~")).document.steps).toMatchObject([
    {
      action: "none",
      reason: {
        code: "rolled-back",
        text: "rolled back, and not seen ready since: asked for with `rollback` (release 1)",
      },
    },
  ]);
  // What came back with it is nothing that is left over.
  expect((await lab.json("cleanup", "--orphans", "--dry-run")).document.steps).toEqual([]);
  const marks = (await lab.run("rollback", "web~", "--list")).stdout.split("\n").slice(1, -1);
  expect(marks.map((line) => line.trimEnd().endsWith("current, rolled back"))).toEqual([false, true]);
  expect(await lab.run("ensure", "web~")).toMatchObject({ code: 1, stderr: failure });
  expect(await lab.run("rollback", "web~")).toMatchObject({ code: 1, stderr: failure });
  // What goes down meanwhile comes up as it was put back.
  await lab.docker("rm", "--force", "web~-app-1");
  await getWell(lab);
  expect(await hostname(lab)).toBe("one");
  expect((await lab.ids())["services/web~:old"]).toBe(before["services/web~:old"] as string);
  expect(await lab.run("ensure", "web~")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await lab.run("rollback", "web~")).toMatchObject({
    code: 5,
    stderr: expect.stringContaining("`web~` has no release before the one that runs"),
  });
  expect((await lab.run("ensure", "web~", "--force")).code).toBe(0);
  expect(await hostname(lab)).toBe("two");
});

test.concurrent("what comes back by itself too late is waited for, and the bad update not tried again", async () => {
  await using lab = await homelab({ "homelab.yml": slowBook("auto") });
  lab.write({ [WEB]: app({ hostname: "one", ...SLOW }) });
  await getWell(lab);
  lab.write({ [WEB]: app({ hostname: "bad", ...shell("exit 3") }) });
  const { code, stderr } = await lab.run("ensure", "web~");
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(
      /exited with code 3; and what ran before did not come back: not ready in time: web~-app-1: health: starting\n {2}hint: the next run leaves it so until /,
    ),
  ]);
  const before = await lab.ids();
  await getWell(lab);
  expect([await hostname(lab), await lab.ids()]).toEqual(["one", before]);
});

test.concurrent("the system is rolled back on NixOS only", async () => {
  await using lab = await homelab(files());
  expect(await lab.run("rollback", "system")).toEqual({
    code: 69,
    stdout: "",
    stderr: "error: this machine does not run NixOS: it has no generation to go back to\n",
  });
});

test.concurrent("the system goes back under the lock, it is written down, and it stays back", async () => {
  await using lab = await homelab(files());
  const git = (...words: string[]) =>
    lab.tool(".", "git", "-c", "user.name=A", "-c", "user.email=a@example.org", ...words);
  await git("init", "-q");
  await git("add", ".");
  await git("commit", "-qm", "first");
  const machine = await nixos(lab);
  expect(await machine.lab.run("rollback", "system", "--dry-run")).toEqual({
    code: 0,
    stdout:
      "nixos-rebuild  rollback  `nixos-rebuild switch --rollback`: asked for with `rollback`\n1 to change, 0 as they are\n",
    stderr: "",
  });
  machine.does(`until [ -e '${lab.top}/go' ]; do sleep 0.1; done; echo alas >&2; exit 1`);
  const first = machine.lab.start("rollback", "system");
  await eventually("nixos-rebuild is called", async () => (await machine.calls()).length === 1);
  expect(await machine.lab.run("rollback", "system")).toMatchObject({ code: 75 });
  lab.write({ "../go": "" });
  const { code, stderr } = await first.ended;
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(
      /^nixos-rebuild: failed after .*: nixos-rebuild ended with exit code 1\n {2}\| alas\n/,
    ),
  ]);
  machine.does("exit 0");
  expect(await machine.lab.run("rollback", "system")).toEqual({
    code: 0,
    stdout: "",
    stderr: "nixos-rebuild: rolled back in <time> (asked for with `rollback`)\n1 changed in <time>\n",
  });
  const { document } = await lab.json("report");
  expect([document.command, steps(document)]).toEqual([
    "rollback system",
    [["nixos-rebuild", "rollback", "changed", "asked"]],
  ]);
  // The next run leaves it so until its configuration changes.
  expect((await machine.lab.run("deploy", "web~")).code).toBe(0);
  expect(await machine.calls()).toEqual(Array(2).fill("root: switch --rollback"));
  lab.write({ "nixos/configuration.nix": "{}\n" });
  await git("add", ".");
  await git("commit", "-qm", "second");
  expect((await machine.lab.run("deploy", "web~")).code).toBe(0);
  expect(await machine.calls()).toEqual([...Array(2).fill("root: switch --rollback"), "root: switch"]);
});

test.concurrent("a system has generations, and no releases to be listed or named", async () => {
  await using lab = await homelab(files());
  const machine = await nixos(lab);
  for (const option of [["--list"], ["--to", "3"]]) {
    expect(await machine.lab.run("rollback", "system", ...option)).toEqual({
      code: 2,
      stdout: "",
      stderr: `error: \`${option[0]}\` is for the releases of services, and the system has none
  hint: \`nixos-rebuild list-generations\` shows its generations; \`rollback system\` goes to the one before
`,
    });
  }
  expect(await machine.calls()).toEqual([]);
});
