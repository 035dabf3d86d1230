import { describe, expect, test } from "bun:test";
import { app } from "../helpers/compose.ts";
import { FRONT } from "../helpers/front.ts";
import { homelab } from "../helpers/homelab.ts";
import { BINARY } from "../helpers/paths.ts";

// Items of the checklist that no other test shows. Those that others show have "(checklist N)" in their names.

const WEB = { "services/web~/compose.yml": app() };

describe("streams", () => {
  test.concurrent("4.3.1 with --json standard output is one document, and everything else is on standard error", async () => {
    await using lab = await homelab({
      ...FRONT,
      "homelab.yml": `${FRONT["homelab.yml"]}  old~: []\ntasks:\n  say: { run: ['echo out', 'echo err >&2'] }\n`,
    });
    for (const words of [
      ["list"],
      ["graph"],
      ["plan", "all", "-v"],
      ["ensure", "web~", "-v"],
      ["say", "-v"],
      ["status"],
      ["why", "all"],
      ["validate"],
      ["history"],
      ["report"],
      ["env", "check"],
      ["lock"],
      ["schema"],
      ["doctor"],
      ["timers", "install", "-n"],
      ["logs", "web~", "--no-follow"],
      ["exec", "web~", "--", "true"],
      ["rollback", "web~", "--list"],
      ["nonsense"],
      ["--version"],
    ]) {
      const [first = "", ...rest] = words;
      const { stdout } = await lab.run(first, "--json", ...rest);
      expect(() => JSON.parse(stdout), words.join(" ")).not.toThrow();
    }
    const { stdout, stderr } = await lab.run("ensure", "cache~", "-v");
    expect(stdout).toBe("");
    expect(stderr).toContain("cache~: created in <time>");
  });

  test.concurrent("4.3.2 two megabytes of JSON go through a slow pipe whole", async () => {
    const tasks = Array.from(
      { length: 4000 },
      (_, at) => `  t${at}: { run: 'true', description: ${"x".repeat(400)} }`,
    );
    await using lab = await homelab({ ...WEB, "homelab.yml": `tasks:\n${tasks.join("\n")}\n` });
    const whole = (await lab.run("list", "--json")).stdout;
    expect(whole.length).toBeGreaterThan(2_000_000);
    // The reader begins when the pipe has long been full, and takes a little at a time.
    const slow = `'${BINARY}' list --json | { sleep 1; dd bs=1000 2>/dev/null; }`;
    expect(lab.shared(await lab.tool(".", "bash", "-o", "pipefail", "-c", slow))).toBe(whole);
  });

  test.concurrent("4.3.4 colour is decided for each stream, and by the environment", async () => {
    await using lab = await homelab(WEB);
    const sh = lab.with({ binary: "bash" });
    const piped = await sh.terminal(["-c", `'${BINARY}' plan all | cat -v; '${BINARY}' nonsense | cat`]);
    expect(piped.screen).toContain("web~  create  it has no containers yet");
    expect(piped.screen).not.toContain("^[");
    expect(piped.written).toContain("\x1b[31m");
    for (const [name, value] of [
      ["NO_COLOR", "1"],
      ["NO_COLOR", "true"],
      ["HOMELAB_NO_COLOR", "1"],
    ]) {
      const plain = lab.with({ env: { [name as string]: value } });
      expect((await plain.terminal(["plan", "all"])).written).not.toContain("\x1b");
    }
    const dumb = await sh.terminal([
      "-c",
      `TERM=dumb '${BINARY}' plan all; TERM=dumb '${BINARY}' ensure all`,
    ]);
    expect(dumb.written).not.toContain("\x1b");
    const forced = lab.with({ env: { FORCE_COLOR: "1" } });
    expect((await forced.run("plan", "all", "-v")).stdout).toContain("\x1b[");
    expect((await forced.run("nonsense")).stderr).toContain("\x1b[");
  });
});

test.concurrent("4.3.10 where nobody can be asked, every question ends at once with 5 and the option to pass", async () => {
  await using lab = await homelab({
    ...FRONT,
    "homelab.yml": `${FRONT["homelab.yml"]}tasks:\n  save: { confirm: Save it?, run: 'true' }\n`,
    "services/web~/.env": "A=b\n",
  });
  await lab.run("ensure", "web~");
  for (const words of [
    ["stop", "db~"],
    ["save"],
    ["doctor", "--fix"],
    ["setup", "--user", "games", "-C", lab.root],
  ]) {
    // The better of two: what else the machine does is not its fault.
    const times: number[] = [];
    for (let i = 0; i < 2; i++) {
      const began = performance.now();
      await lab.run(...words);
      times.push(performance.now() - began);
    }
    const ended = await lab.run(...words);
    expect([words, ended.code, ended.stderr]).toEqual([
      words,
      5,
      expect.stringContaining("hint: say yes in advance with `--yes`"),
    ]);
    expect(Math.min(...times)).toBeLessThan(1000);
  }
  expect((await lab.statuses())["services/db~:app"]).toBe("running");
});

describe("words", () => {
  test.concurrent("4.3.14 a misspelt option runs nothing and is told the right one", async () => {
    await using lab = await homelab(WEB);
    for (const [words, stderr] of [
      [["ensure", "web~", "--dryrun"], "unknown option `--dryrun`\n  hint: did you mean `--dry-run`?"],
      [["ensure", "web~", "-X"], "unknown option `-X`\n  hint: see `homelab ensure --help`"],
      [["update-services", "web~"], "unexpected word `web~` after `update-services`"],
      [["ensure", "web~", "--timeout"], "`--timeout` needs a value"],
      [["-y", "cleanup", "web~"], "unexpected word `web~` after `cleanup`"],
    ] as const) {
      const ended = await lab.run(...words);
      expect(ended).toMatchObject({ code: 2, stdout: "" });
      expect(ended.stderr).toStartWith(`error: ${stderr}`);
    }
    expect([await lab.containers(), lab.hasState()]).toEqual([[], false]);
  });

  test.concurrent("4.3.15 options of every command stand before or after it", async () => {
    await using lab = await homelab(WEB);
    const after = await lab.run("plan", "web~", "--json", "--quiet");
    expect(JSON.parse(after.stdout).steps).toHaveLength(1);
    expect(await lab.run("--json", "-q", "plan", "web~")).toEqual(after);
    expect(await lab.run("--json", "plan", "-q", "web~")).toEqual(after);
    const away = lab.with({ cwd: ".." });
    expect(await away.run("--root", "root", "plan-web~", "--json", "-q")).toEqual(after);
    expect(await away.run("plan", "web~", "--json", "-q", "--root=root")).toEqual(after);
  });

  test.concurrent("4.3.19 what is near is suggested, and never what is hidden", async () => {
    await using lab = await homelab(WEB);
    const hint = async (...words: string[]) => (await lab.run(...words)).stderr.split("\n")[1];
    expect(await hint("ensure", "wbe~")).toBe("  hint: did you mean `web~`?");
    expect(await hint("ensure", lab.own("web~").slice(0, 4))).toBe("  hint: did you mean `web~`?");
    expect(await hint("doct")).toBe("  hint: did you mean `homelab doctor`?");
    expect(await hint("__complet")).toStartWith("  hint: `homelab help` shows all commands");
  });
});
