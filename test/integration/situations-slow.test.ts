import { describe, expect, test } from "bun:test";
import { app, health, shell } from "../helpers/compose.ts";
import { homelab } from "../helpers/homelab.ts";
import { stallingDocker } from "../helpers/stalling-docker.ts";

/** What takes long, or never ends: situations 40 and 41 of the list in issue 4. */

const WEB = "services/web~/compose.yml";

describe("logs", () => {
  const failure = (log: string) => ({
    code: 1,
    stdout: "",
    stderr: `web~: failed after <time>: web~-app-1 exited with code 3
${log}  hint: \`docker logs web~-app-1\` shows all that it said
1 failed in <time>
details: homelab report <run>
`,
  });

  test.concurrent("situation 40: a log stream that hangs keeps no verdict back", async () => {
    await using lab = await homelab({ [WEB]: app(shell("echo unheard; exit 3")) });
    await using docker = stallingDocker(lab.top, /^GET \S*\/logs\?/);
    const stalled = lab.with({ env: { DOCKER_HOST: docker.host } });
    const began = performance.now();
    expect(await stalled.run("ensure", "web~")).toEqual(
      failure("  | (its log did not come within <time>)\n"),
    );
    expect(await stalled.run("why", "web~")).toMatchObject({ code: 0 });
    expect(performance.now() - began).toBeLessThan(60_000);
  });

  test.concurrent("situation 40: a log that the engine cannot read keeps no verdict back", async () => {
    await using lab = await homelab({ [WEB]: app({ ...shell("exit 3"), logging: { driver: "none" } }) });
    expect(await lab.run("ensure", "web~")).toEqual(
      failure(
        "  | (its log cannot be read: Docker refused a request: configured logging driver does not support reading)\n",
      ),
    );
  });

  test.concurrent.each([
    ["a million lines", "yes early | head -n 1000000; echo last", 20],
    // The engine counts pieces of a line as lines.
    ["a line of 20 MB", "head -c 20000000 /dev/zero | tr '\\0' x; echo; echo last", 3],
  ])(
    "situation 40: of %s the end is read, and no more of a line than somebody reads",
    async (_, line, count) => {
      await using lab = await homelab({
        "homelab.yml": "services:\n  web~: { ready: { stable: 100s } }\n",
        [WEB]: app(shell(`${line}; exit 3`)),
      });
      const { code, stderr } = await lab.run("ensure", "web~");
      expect(code).toBe(1);
      const lines = stderr.split("\n").filter((each) => each.startsWith("  | "));
      expect([lines.length >= count, lines.length <= 20]).toEqual([true, true]);
      expect(lines.at(-1)).toBe("  | last");
      expect(Math.max(...lines.map((each) => each.length))).toBeLessThan(1_010);
    },
  );

  test.concurrent("situation 40: a container that never stops writing is judged all the same", async () => {
    await using lab = await homelab({
      "homelab.yml": "services:\n  web~: { ready: { within: 3s } }\n",
      [WEB]: app({
        ...shell("yes spam"),
        ...health("false"),
        logging: { driver: "json-file", options: { "max-size": "2m", "max-file": "2" } },
      }),
    });
    const { code, stderr } = await lab.run("ensure", "web~");
    await lab.docker("kill", "web~-app-1");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^web~: failed after <time>: not ready in time: web~-app-1: .*\n( {2}\| .*\n){1,21} {2}hint: /,
    );
  });
});

describe("a long stop", () => {
  const slow = (fields = {}) =>
    app({
      ...shell('trap "sleep 12; exit 0" TERM; while :; do sleep 0.1; done'),
      stop_signal: "SIGTERM",
      stop_grace_period: "8m",
      ...fields,
    });
  const NOTE = "web~-app-1 may take up to 8 min to stop";

  test.concurrent("situation 41: how long a stop may take is told, and it gets that time", async () => {
    await using lab = await homelab({ [WEB]: slow() });
    await lab.run("ensure", "web~");
    const { code, written } = await lab.terminal(["stop", "web~"]);
    expect(code).toBe(0);
    expect(lab.shared(written)).toContain(`docker compose stop (${NOTE})`);
    expect(
      await lab.docker("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", "web~-app-1"),
    ).toBe("exited 0\n");
  });

  test.concurrent("situation 41: so is the stop that is part of an update", async () => {
    await using lab = await homelab({ [WEB]: slow() });
    await lab.run("ensure", "web~");
    lab.write({ [WEB]: slow({ hostname: "two" }) });
    const run = lab.start("ensure", "web~", "-v");
    const { code, stderr } = await run.ended;
    expect(code).toBe(0);
    expect(lab.shared(stderr)).toContain(`web~: docker compose up (${NOTE})\n`);
  });

  test.concurrent("situation 41: a run that has less time than that says so", async () => {
    await using lab = await homelab({ [WEB]: slow() });
    await lab.run("ensure", "web~");
    const { code, stderr } = await lab.run("stop", "web~", "--timeout", "2s");
    expect(code).toBe(124);
    expect(
      stderr,
    ).toBe(`web~: timed out after <time>: docker compose stop did not end in time: web~-app-1 may take up to <time> to stop
  hint: \`--timeout\` must be longer than that; without it a run has an hour
1 timed out in <time>
details: homelab report <run>
`);
  });
});
