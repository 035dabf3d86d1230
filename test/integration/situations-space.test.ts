import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { app, composeFile, idle } from "../helpers/compose.ts";
import { homelab } from "../helpers/homelab.ts";
import { smallEngine } from "../helpers/small-engine.ts";

const WEB = "services/web~/compose.yml";
const size = (text: string) => text.replace(/, [\d.]+ k?B,/g, ", <size>,");

/** What is said of each step, whichever ended first. */
const byStep = (text: string): string[] =>
  // What is refused at once takes no time that would be told, on a machine that is quick enough.
  text
    .replace(/failed after <time>(?=: not tried)/, "failed")
    .split(/^(?! )/m)
    .sort();

test.concurrent("situation 13: what is left of earlier services is listed with age and size, and goes only when asked", async () => {
  await using lab = await homelab({
    [WEB]: composeFile(
      { app: idle(), old: idle({ volumes: ["data:/data"] }), extra: idle({ profiles: ["x"] }) },
      { volumes: { data: {} } },
    ),
    "services/web~/dev.yml": composeFile({ dev: idle() }),
    "services/other~/compose.yml": composeFile({ old: idle() }),
  });
  expect(await lab.run("ensure", "all")).toMatchObject({ code: 0 });
  await lab.compose("services/web~", "--profile", "x", "up", "-d", "extra");
  await lab.compose("services/web~", "-f", "dev.yml", "up", "-d");
  lab.write({ [WEB]: composeFile({ app: idle(), extra: idle({ profiles: ["x"] }) }) });
  expect(await lab.run("ensure", "all")).toMatchObject({ code: 0 });
  expect(Object.keys(await lab.ids())).toEqual([
    "services/other~:old",
    "services/web~:app",
    "services/web~:dev",
    "services/web~:extra",
    "services/web~:old",
  ]);

  const told = await lab.run("cleanup", "--dry-run");
  expect(told.stderr).toContain(
    "1 container stays: `--orphans --dry-run` shows what is left of earlier services\n",
  );
  const { document } = await lab.json("cleanup", "--orphans", "--dry-run");
  expect(document.steps).toMatchObject([{ id: "web~-old-1", action: "remove", effect: "destroy" }]);
  expect(size(document.steps[0].reason.text)).toMatch(
    /^left of the service `old` of web~, made [\d.]+ s ago, <size>, up /,
  );
  expect(await lab.run("cleanup", "--orphans")).toMatchObject({ code: 5 });
  expect(Object.keys(await lab.ids())).toContain("services/web~:old");

  expect(await lab.run("cleanup", "--orphans", "--yes")).toMatchObject({ code: 0 });
  expect(Object.keys(await lab.ids())).toEqual([
    "services/other~:old",
    "services/web~:app",
    "services/web~:dev",
    "services/web~:extra",
  ]);
  expect(lab.shared(await lab.docker("volume", "ls", "-q"))).toContain("web~_data");
});

test.concurrent("situation 24: a disk that is full ends further pulls", async () => {
  await using made = await homelab({});
  await using engine = await smallEngine(made, {
    megabytes: 60,
    imageMegabytes: 40,
    names: ["one~", "two~"],
  });
  const lab = made.with({ env: { DOCKER_HOST: engine.host, HOMELAB_MIN_FREE: "0" } });
  lab.write({
    "homelab.yml": "services:\n  one~: {}\n  two~: { after: [one~] }\n",
    "services/one~/compose.yml": app({ image: engine.images[0] }),
    "services/two~/compose.yml": app({ image: engine.images[1] }),
  });
  const { code, stderr } = await lab.run("ensure", "all", "--jobs", "1");
  expect({ code, stderr: byStep(stderr.replace(/write \S+:/, "write <file>:")) }).toEqual({
    code: 1,
    stderr: byStep(`one~: failed after <time>: no space left on the disk
  | failed to register layer: Error processing tar file(exit status 1): write <file>: no space left on device
  hint: \`homelab cleanup\` would find no image to remove; \`docker system df\` shows the rest
two~: failed after <time>: not tried: the disk of the engine is full
  hint: free space, then run again
2 failed in <time>
details: homelab report <run>
`),
  });
  const pull = await lab.run("pull-images", "--jobs", "1");
  const said = pull.stderr.replaceAll(/127.0.0.1:\d+/g, "<registry>").replace(/write \S+:/, "write <file>:");
  expect({ ...pull, stderr: byStep(said) }).toEqual({
    code: 1,
    stdout: "",
    stderr: byStep(`<registry>/one~:1: failed after <time>: no space left on the disk
  | failed to register layer: Error processing tar file(exit status 1): write <file>: no space left on device
  hint: \`homelab cleanup\` removes images that nothing needs; \`docker system df\` shows what takes it
<registry>/two~:1: failed after <time>: not tried: the disk of the engine is full
2 failed in <time>
details: homelab report <run>
`),
  });
});

test.concurrent("situation 24: a state directory that is short of space is a warning", async () => {
  await using made = await homelab({ [WEB]: app() });
  mkdirSync(made.state);
  const line = `mount -t tmpfs -o size=1m none ${made.state} && exec "$@"`;
  const lab = made.with({ before: ["unshare", "-m", "sh", "-c", line, "sh"] });
  const { stderr, ...rest } = await lab.run("ensure", "web~");
  expect({ ...rest, stderr: stderr.replace(/\d+ kB/, "<space>") }).toEqual({
    code: 0,
    stdout: "",
    stderr: `warning: the state directory is short of space: <space> are free in <top>/state, and at least 200 MB have to be
web~: created in <time>
1 changed in <time>
`,
  });
});
