import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { app } from "../helpers/compose.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Homelab, homelab } from "../helpers/homelab.ts";
import { openInbox } from "../helpers/inbox.ts";
import { type Door, makeImage, openDoor, REFUSALS, script } from "../helpers/registry.ts";

let registry = "";
beforeAll(async () => {
  registry = await script("registry");
});
afterAll(async () => void (await script("down", "registry", registry.split(":")[1] ?? "")));

const READY = "{ ready: { stable: 0s } }";
const file = (name: string) => `services/${name}/compose.yml`;

/** Puts an image into the registry; this machine does not have it afterwards. */
async function publish(lab: Homelab, name: string, text = name): Promise<void> {
  const image = `${registry}/${name}`;
  await makeImage(lab, image, text);
  await lab.docker("push", "-q", image);
  await lab.docker("rmi", image);
}

/** The text with the address of a door, and times of the day, replaced. */
const plain = (text: string, door: Door) =>
  text.replaceAll(door.host, "<registry>").replace(/\d\d:\d\d/g, "<clock>");

/** The same homelab, its runs told to an inbox. */
function told(lab: Homelab, url: string): Homelab {
  const path = join(lab.top, "notify.env");
  lab.write({ "../notify.env": `WEBHOOK_URL=${url}\n` });
  chmodSync(path, 0o600);
  return lab.with({ env: { HOMELAB_NOTIFY: undefined, HOMELAB_NOTIFY_FILE: path } });
}

const results = ({ steps }: { steps: { id: string; result: string; reason: { code: string } }[] }) =>
  steps.map(({ id, result, reason }) => [id, result, reason.code]);

test.concurrent("situation 19: an image that is here, and its registry is down: it keeps running, and goes on to start", async () => {
  await using lab = await homelab({});
  const door = openDoor(registry);
  lab.write({
    [file("one~")]: app({ image: `${door.host}/one~:1`, pull_policy: "always" }),
    [file("two~")]: app({ image: `${door.host}/two~:1` }),
    "homelab.yml": `services:\n  one~: ${READY}\n  two~: ${READY}\n`,
  });
  await publish(lab, "one~:1");
  await publish(lab, "two~:1");
  expect(await lab.run("ensure", "one~", "two~")).toMatchObject({ code: 0 });
  door[Symbol.dispose]();
  const before = await lab.containers();

  const pulled = await lab.run("pull-images");
  expect({ ...pulled, stderr: plain(pulled.stderr, door) }).toEqual({
    code: 0,
    stdout: "",
    stderr:
      "warning: updates of 2 images skipped (<registry>/one~:1, <registry>/two~:1), and what is here is kept: its registry http://<registry> cannot be reached; check the network and the name of the registry, then run again\n",
  });
  expect(await lab.run("deploy", "all")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await lab.containers()).toEqual(before);
  // Nor is it asked when there is something to be done.
  lab.write({ [file("one~")]: app({ image: `${door.host}/one~:1`, pull_policy: "always", hostname: "x" }) });
  expect(await lab.run("ensure", "one~")).toMatchObject({ code: 0 });
  expect(await lab.run("deploy", "one~", "--force")).toMatchObject({ code: 0 });
});

test.concurrent("situation 20: an image that is not here, and its registry is down: it and what needs it fail, the rest goes on", async () => {
  await using lab = await homelab({
    "homelab.yml": `services:
  web~: {}
  front~: { needs: [web~] }
  other~: ${READY}
`,
    [file("web~")]: app({ image: "127.0.0.1:9/web~:1" }),
    [file("front~")]: app(),
    [file("other~")]: app(),
  });
  for (const command of ["ensure", "deploy"]) {
    const { code, stderr } = await lab.run(command, "all", "-j", "1");
    // One that was got early failed before its step began.
    expect([code, stderr.replace(" after <time>", "")]).toEqual([
      1,
      `web~: failed: the image is not here, and its registry http://127.0.0.1:9 cannot be reached
  | Error response from daemon: Get "http://127.0.0.1:9/v2/": dial tcp 127.0.0.1:9: connect: connection refused
  hint: check the network and the name of the registry, then run again
front~: blocked: needs web~, which failed
${command === "ensure" ? "other~: created in <time>\n" : ""}${command === "ensure" ? "1 changed, " : ""}1 failed, 1 blocked in <time>
details: homelab report <run>
`,
    ]);
    expect(await lab.statuses()).toEqual({ "services/other~:app": "running" });
  }
});

describe("situation 22: a registry that wants a login", () => {
  test.concurrent.each(["login", "denied"] as const)(
    "is named with the command (%s), and told once",
    async (how) => {
      await using lab = await homelab({});
      using door = openDoor(registry);
      using inbox = openInbox();
      door.answer = () => REFUSALS[how]();
      lab.write({
        [file("web~")]: app({ image: `${door.host}/web~:1` }),
        [file("other~")]: app(),
        "homelab.yml": `services:\n  web~: {}\n  other~: ${READY}\n`,
      });
      const cron = told(lab, inbox.url);
      const first = await cron.run("ensure", "web~");
      expect([first.code, plain(first.stderr, door)]).toEqual([
        1,
        `web~: failed after <time>: <registry> does not give \`<registry>/web~:1\` away: it does not exist there, or a login is needed
  | Error response from daemon: ${how === "login" ? "unauthorized" : "denied"}
  hint: check the name in the compose file; for a private image run \`docker login <registry>\` as the user who runs homelab
1 failed in <time>
details: homelab report <run>
`,
      ]);
      // Another try would not mend it.
      expect(door.asked().filter((line) => line.startsWith("GET"))).toHaveLength(1);
      expect(inbox.documents()).toMatchObject([
        { event: "failure", failed: [{ id: lab.own("web~"), reason: "registry-denied" }] },
      ]);
      expect((await cron.run("ensure", "all")).code).toBe(1);
      expect((await cron.run("deploy", "all")).code).toBe(1);
      expect(inbox.take()).toEqual([]);

      await publish(lab, "web~:1");
      door.answer = () => undefined;
      expect(await cron.run("ensure", "web~")).toMatchObject({ code: 0 });
      expect(inbox.documents()).toMatchObject([{ event: "recovery" }]);
      // The login has expired: what runs keeps running, and that is no failure.
      door.answer = () => REFUSALS[how]();
      const kept = await cron.run("pull-images", "web~");
      expect([kept.code, plain(kept.stderr, door)]).toEqual([
        0,
        "warning: update of <registry>/web~:1 skipped, and what is here is kept: <registry> does not give `<registry>/web~:1` away: it does not exist there, or a login is needed; check the name in the compose file; for a private image run `docker login <registry>` as the user who runs homelab\n",
      ]);
      expect(inbox.take()).toEqual([]);
      expect(await lab.statuses()).toMatchObject({ "services/web~:app": "running" });
    },
  );
});

describe("situation 21: a registry that limits pulls", () => {
  test.concurrent("is asked no more in this run, is left alone until it is due, and then again by itself", async () => {
    await using lab = await homelab({});
    using door = openDoor(registry);
    const names = ["one~", "two~", "three~"];
    lab.write({ "homelab.yml": `services:\n${names.map((name) => `  ${name}: ${READY}\n`).join("")}` });
    for (const name of names) {
      await publish(lab, `${name}:1`);
      lab.write({ [file(name)]: app({ image: `${door.host}/${name}:1` }) });
    }
    expect(await lab.run("ensure", "all")).toMatchObject({ code: 0 });
    const before = await lab.containers();
    door.asked();

    door.answer = () => REFUSALS.limit("3600");
    const warning =
      "warning: updates of 3 images skipped (<registry>/one~:1, <registry>/two~:1, <registry>/three~:1), and what is here is kept: <registry> gives no more images away until <clock> (rate limit); `docker login <registry>` raises the limit; later runs go on by themselves\n";
    const limited = await lab.run("pull-images", "-j", "1");
    expect([limited.code, plain(limited.stderr, door)]).toEqual([0, warning]);
    // One that is asked for, by HEAD and GET, and once more for the time.
    const asked = door.asked();
    expect(new Set(asked.map((line) => line.split(" ")[1]))).toEqual(new Set([lab.own("one~/manifests/1")]));

    door.answer = () => undefined;
    const next = await lab.run("pull-images");
    expect([next.code, plain(next.stderr, door)]).toEqual([0, warning]);
    expect(door.asked()).toEqual([]);
    expect(await lab.containers()).toEqual(before);
    // After a login nobody has to wait.
    expect(await lab.run("pull-images", "--now")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(door.asked().length).toBeGreaterThan(2);

    door.answer = () => REFUSALS.limit("1");
    expect((await lab.run("pull-images")).stderr).toContain("rate limit");
    door.answer = () => undefined;
    await publish(lab, "two~:1", "newer");
    await eventually("it is due again", async () => {
      const { code, stderr } = await lab.run("pull-images");
      expect(code).toBe(0);
      return /two~:1: pulled in/.test(stderr);
    });
    expect(await lab.run("pull-images")).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test.concurrent("images that are missing come first, and the others are not asked about", async () => {
    await using lab = await homelab({});
    using door = openDoor(registry);
    await publish(lab, "here~:1");
    lab.write({
      "homelab.yml": `services:\n  a-here~: ${READY}\n  b-missing~: ${READY}\n`,
      [file("a-here~")]: app({ image: `${door.host}/here~:1` }),
      [file("b-missing~")]: app({ image: `${door.host}/missing~:1` }),
    });
    expect(await lab.run("ensure", "a-here~")).toMatchObject({ code: 0 });
    door.asked();
    door.answer = () => REFUSALS.limit("3600");
    const { code, document } = await lab.json("pull-images", "-j", "1");
    expect([code, results(document)]).toEqual([
      1,
      [
        [`${door.host}/missing~:1`, "failed", "rate-limited"],
        [`${door.host}/here~:1`, "unchanged", "used"],
      ],
    ]);
    expect(door.asked().every((line) => line.endsWith(lab.own("missing~/manifests/1")))).toBe(true);
    // What is missing is tried by each run: it costs nothing, and somebody may have logged in.
    door.answer = () => undefined;
    await publish(lab, "missing~:1");
    expect(await lab.run("ensure", "all")).toMatchObject({ code: 0 });
    expect(door.asked().length).toBeGreaterThan(0);
  });

  test.concurrent("in a run of many services only what is missing fails, and after one request", async () => {
    await using lab = await homelab({});
    using door = openDoor(registry);
    door.answer = () => REFUSALS.limit("3600");
    lab.write({
      "homelab.yml": `services:\n  one~: {}\n  two~: {}\n  other~: ${READY}\n`,
      [file("one~")]: app({ image: `${door.host}/one~:1` }),
      [file("two~")]: app({ image: `${door.host}/two~:1` }),
      [file("other~")]: app(),
    });
    const { code, stderr } = await lab.run("ensure", "all", "-j", "1");
    const failed = (name: string) =>
      `${name}: failed after <time>: <registry> gives no more images away until <clock> (rate limit)
  hint: \`docker login <registry>\` raises the limit; later runs go on by themselves
`;
    expect([
      code,
      plain(stderr, door).replace(/failed(: |\b after <time>: )/g, "failed after <time>: "),
    ]).toEqual([
      1,
      `${failed("one~")}${failed("two~")}other~: created in <time>\n1 changed, 2 failed in <time>\ndetails: homelab report <run>\n`,
    ]);
    expect(door.asked().every((line) => line.endsWith(lab.own("one~/manifests/1")))).toBe(true);
  });
});

describe("situation 23: a pull that breaks off", () => {
  test.concurrent("is tried again with growing pauses, while what runs keeps running", async () => {
    await using lab = await homelab({});
    using door = openDoor(registry);
    await publish(lab, "web~:1");
    await publish(lab, "web~:2");
    const image = (tag: string) => ({ [file("web~")]: app({ image: `${door.host}/web~:${tag}` }) });
    lab.write({ ...image("1"), "homelab.yml": `services:\n  web~: ${READY}\n` });
    expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
    const [before] = await lab.containers();

    lab.write(image("2"));
    let broken = 0;
    door.answer = ({ method }, path) =>
      method === "GET" && path.includes("/manifests/") && ++broken <= 2
        ? new Response("", { status: 503 })
        : undefined;
    const run = lab.start("deploy", "web~", "-v");
    await eventually("it says that it tries once more", () => run.said().includes("once more in 1 s"));
    expect((await lab.containers())[0]).toEqual(before as never);
    expect(await run.ended).toMatchObject({ code: 0 });
    expect((await lab.containers())[0]?.id).not.toBe(before?.id as string);
  });

  test.concurrent("that breaks off each time leaves the service as it is, and the next run goes on", async () => {
    await using lab = await homelab({});
    using door = openDoor(registry);
    await publish(lab, "web~:1");
    await publish(lab, "web~:2");
    const image = (tag: string) => ({ [file("web~")]: app({ image: `${door.host}/web~:${tag}` }) });
    lab.write({ ...image("1"), "homelab.yml": `services:\n  web~: ${READY}\n` });
    expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
    const before = await lab.containers();
    lab.write(image("2"));
    door.answer = () => new Response("", { status: 503 });
    const { code, stderr } = await lab.run("ensure", "web~");
    expect([code, plain(stderr, door)]).toEqual([
      1,
      `web~: failed after <time>: the pull of \`<registry>/web~:2\` from <registry> broke off: received unexpected HTTP status: 503 Service Unavailable (tried 4 times)
  | Error response from daemon: received unexpected HTTP status: 503 Service Unavailable
  hint: run again: what is here of it already is kept
1 failed in <time>
details: homelab report <run>
`,
    ]);
    expect(await lab.containers()).toEqual(before);
    door.answer = () => undefined;
    expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
    expect((await lab.containers())[0]?.id).not.toBe(before[0]?.id as string);
  });

  test.concurrent("because its run was killed: the service runs on, and the next run finishes it", async () => {
    await using lab = await homelab({});
    using door = openDoor(registry);
    await publish(lab, "web~:1");
    await publish(lab, "web~:2");
    const image = (tag: string) => ({ [file("web~")]: app({ image: `${door.host}/web~:${tag}` }) });
    lab.write({ ...image("1"), "homelab.yml": `services:\n  web~: ${READY}\n` });
    expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
    const before = await lab.containers();
    lab.write(image("2"));
    const hold = Promise.withResolvers<Response>();
    let held = false;
    door.answer = (_, path) => {
      if (!path.includes("/manifests/2")) return undefined;
      held = true;
      return hold.promise;
    };
    const run = lab.start("ensure", "web~");
    await eventually("the pull is in hand", () => held);
    run.kill("SIGKILL");
    await run.ended;
    expect(await lab.containers()).toEqual(before);
    door.answer = () => undefined;
    hold.resolve(new Response("", { status: 503 }));
    expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
    expect((await lab.containers())[0]?.id).not.toBe(before[0]?.id as string);
  });
});
