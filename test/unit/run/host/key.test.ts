import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HomelabError } from "../../../../src/errors.ts";
import { keyPair, publicKey } from "../../../../src/run/host/setup/key.ts";
import { fingerprint } from "../../../../src/ssh/keys.ts";

const dir = mkdtempSync(join(tmpdir(), "homelab-key-"));
afterAll(() => rmSync(dir, { recursive: true }));

const run = (argv: readonly string[], env: Record<string, string | undefined>) =>
  Bun.spawnSync([...argv], { env });

test("a key of which only the public half is there is the agent's, or refused; and never written over", async () => {
  const identity = join(dir, "half");
  const env = { PATH: process.env.PATH, HOME: dir, SSH_AUTH_SOCK: join(dir, "agent") };
  const step = keyPair(identity, env, () => {});
  expect((await step.look()).is).toBe("to do");
  await step.apply();
  expect((await step.look()).is).toBe("ok");

  const written = readFileSync(`${identity}.pub`, "utf8");
  renameSync(identity, `${identity}-elsewhere`);
  expect(await step.look().catch((error) => error)).toBeInstanceOf(HomelabError);
  expect(await step.apply().catch((error) => error)).toMatchObject({ code: "refused" });
  expect([existsSync(identity), readFileSync(`${identity}.pub`, "utf8")]).toEqual([false, written]);

  const agent = Bun.spawn(["ssh-agent", "-D", "-a", env.SSH_AUTH_SOCK], { stdout: "ignore" });
  try {
    while (!existsSync(env.SSH_AUTH_SOCK)) await Bun.sleep(5);
    expect(run(["ssh-add", "-q", `${identity}-elsewhere`], env).exitCode).toBe(0);
    const key = publicKey(identity);
    expect(await step.look()).toEqual({ is: "ok", why: `${key && fingerprint(key)}, which the agent has` });
  } finally {
    agent.kill();
    await agent.exited;
  }
});
