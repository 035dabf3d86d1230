import { expect, test } from "bun:test";
import { findCompose } from "../../src/docker/compose.ts";
import { runProcess } from "../../src/process/runner.ts";
import { interpolate } from "../../src/units/compose/interpolate.ts";
import { temporary } from "../unit/temporary.ts";
import { INTERPOLATIONS, INVALID, VARIABLES } from "../unit/units/compose/interpolations.ts";

const DEADLINE_MS = 60_000;

/** What the real compose makes of texts, each as an environment variable of its own. */
async function composeConfig(texts: readonly string[]) {
  using dir = temporary();
  const environment = Object.fromEntries(texts.map((text, at) => [`T${at}`, text]));
  const file = `${dir.path}/compose.yml`;
  await Bun.write(file, JSON.stringify({ services: { app: { image: "none", environment } } }));
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...VARIABLES };
  const compose = await findCompose(env, { host: "unix:///nowhere", base: "http://docker" });
  return await runProcess([...compose.argv, "-f", file, "-p", "texts", "config", "--format", "json"], {
    cwd: dir.path,
    env: compose.env,
    deadline: DEADLINE_MS,
  });
}

test("variables are replaced as compose replaces them", async () => {
  const texts = INTERPOLATIONS.map(([text]) => text);
  const { stdout, stderr, exitCode } = await composeConfig(texts);
  expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
  const { environment } = JSON.parse(stdout).services.app as { environment: Record<string, string> };
  // Compose writes dollar signs twice, so that its output can be read as a compose file again.
  const theirs = texts.map((text, at) => [text, environment[`T${at}`]?.replaceAll("$$", "$")]);
  expect(texts.map((text) => [text, interpolate(text, (name) => VARIABLES[name])])).toEqual(
    theirs as [string, string][],
  );
}, 120_000);

test.each(INVALID)(
  "compose refuses %j",
  async (text) => {
    const { exitCode, stderr } = await composeConfig([text]);
    expect({ exitCode, refused: stderr.includes("invalid interpolation format") }).toEqual({
      exitCode: 1,
      refused: true,
    });
  },
  120_000,
);
