import { appendFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HomelabError } from "../errors.ts";
import { traceTo } from "../process/trace.ts";
import { debugLog, untilItFails } from "../report/debug-log.ts";
import { stateDirectory } from "../store/store.ts";
import { versionLine } from "../version.ts";
import { makeCommand } from "./command.ts";
import type { Context } from "./context.ts";
import { type HostOptions, VERBS } from "./host.ts";
import { optionsOf } from "./host-verb.ts";

/** So many of the newest stay. */
const KEPT = 10;

export default makeCommand({
  name: "deploy-debug",
  description:
    "Deploys hosts as `host deploy` does, says everything, and writes all that it starts to a file, with what it said: ssh, Nix with its whole log, the activation. The last ten of these files are kept, for nobody else to read. A task of this name in the recipes goes first.",
  usage: "HOST…",
  words: VERBS.deploy.words,
  args: optionsOf(VERBS.deploy),
  examples: [["homelab deploy-debug web", "what to look at when a deploy fails and does not say why"]],
  async run(context, words, given) {
    const file = freshFile(context);
    const log = untilItFails((text) => appendFileSync(file, text));
    const end = traceTo(debugLog(log.write));
    try {
      const talking = { ...context, options: { ...context.options, verbose: true } };
      const { run } = await VERBS.deploy.load();
      try {
        await run(talking, words, given as HostOptions);
      } finally {
        context.exitCode = talking.exitCode;
      }
    } finally {
      end();
      const failure = log.failure();
      if (failure === undefined) context.messages.info(`all that was said is in ${file}`);
      else context.messages.warn(`only the beginning of what was said is in ${file}: ${failure}`);
    }
  },
});

/** A file of our own, beside those of earlier times, of which the oldest go. */
function freshFile({ env, typed, messages }: Context): string {
  const dir = join(stateDirectory(env), "debug");
  const file = join(dir, `${new Date().toISOString().replace(/[-:]|\..*/g, "")}-${process.pid}.txt`);
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    writeFileSync(file, `${versionLine()}\nhomelab ${typed}\n`, { mode: 0o600 });
  } catch (cause) {
    throw new HomelabError("permission", `cannot write ${file}`, {
      hint: "name another directory as HOMELAB_STATE_DIR",
      cause,
    });
  }
  for (const old of readdirSync(dir).sort().slice(0, -KEPT)) remove(join(dir, old), messages);
  return file;
}

/** One that stays keeps nobody from deploying. */
function remove(file: string, messages: Context["messages"]): void {
  try {
    rmSync(file, { force: true });
  } catch (error) {
    messages.warn(`an old log stays: ${error instanceof Error ? error.message : error}`);
  }
}
