import { dockerEndpoint } from "../docker/endpoint.ts";
import { execCommand, findDocker } from "../docker/interactive.ts";
import { HomelabError } from "../errors.ts";
import { isTerminal } from "../os/libc.ts";
import { type ProcessResult, runProcess } from "../process/runner.ts";
import { listenForSignals, StopSwitch } from "../run/stop.ts";
import { Store } from "../store/store.ts";
import type { ContainerView } from "../units/compose/observe.ts";
import { SecretFinder } from "../units/compose/secret-files.ts";
import { openBook } from "./book.ts";
import { makeCommand } from "./command.ts";
import { type Context, print, printJson } from "./context.ts";
import { connect } from "./engine.ts";
import { pickContainer, placeOf, splitExec } from "./exec-words.ts";
import { MAX_DURATION } from "./options.ts";

/** Of what a command prints, a document has this much: the last part. */
const KEPT_BYTES = 16 * 1024 * 1024;
const SIGNALS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9 };

export default makeCommand({
  name: "exec",
  description:
    "Runs a command in a running container of a service, on the terminal where there is one, and ends with its exit code. What stands behind `--` is the command's own; what it prints is passed on as it is.",
  usage: "SERVICE [CONTAINER] -- COMMAND…",
  words: {
    min: 1,
    max: Number.POSITIVE_INFINITY,
    label: "a service, and a command behind `--`",
    keepsDashes: true,
  },
  args: {},
  examples: [
    ["homelab exec plex -- sh", "look around in it"],
    ["homelab exec sonarr shows -- ls --help", "an instance; the option is the command's"],
    ["homelab exec immich database -- pg_dumpall > all.sql", "one of several containers"],
  ],
  async run(context, words) {
    const { place, command } = splitExec(words);
    const book = await openBook(context);
    const { name, container } = placeOf(book, place);
    const store = Store.openReadonly(context.env, (text) => context.messages.warn(text));
    const { compose } = await connect(context, book, store, [name]);
    const recipe = book.recipes.get(name);
    const secrets =
      context.options.json && recipe?.kind === "service"
        ? await new SecretFinder(book, store, context.env).service(recipe)
        : (text: string) => text;
    store.close();
    if (!compose) throw new HomelabError("unsupported", `\`${name}\` is no service, and has no containers`);
    await compose.observe(recipe ? [recipe] : []);
    const running = compose.containersOf(name).filter(({ state }) => state === "running");
    if (running.length === 0) {
      throw new HomelabError("step-failed", `no container of \`${name}\` runs`, {
        hint: `\`homelab ensure ${name}\` starts it, \`homelab why ${name}\` says why it does not run`,
      });
    }
    await exec(context, name, pickContainer(name, running, container), { command, secrets });
  },
});

async function exec(
  context: Context,
  id: string,
  { name: container }: ContainerView,
  { command, secrets }: { readonly command: readonly string[]; readonly secrets: (text: string) => string },
): Promise<void> {
  const { env: own, options } = context;
  const { docker, env } = findDocker(own, dockerEndpoint(own));
  const terminal = !options.json && isTerminal(0) && isTerminal(1);
  const argv = execCommand(docker, { container, command, terminal });
  if (options.dryRun) {
    if (options.json) printJson({ version: 1, id, container, command: argv });
    else print(`${argv.join(" ")}\n`);
    return;
  }
  const { result, cause } = await run(argv, {
    env,
    deadline: options.timeout ?? MAX_DURATION,
    // Whoever is shown a document sees what is shown everywhere else.
    ...(options.json ? { redact: secrets, keep: KEPT_BYTES } : { foreground: true }),
  });
  if (result.timedOut) throw new HomelabError("timeout", `\`${command[0]}\` did not end in time`);
  context.exitCode = exitCode(result, cause);
  if (!options.json) return;
  const { stdout, stderr } = result;
  printJson({ version: 1, id, container, command, exitCode: context.exitCode, stdout, stderr });
}

/** On a terminal its Ctrl-C reaches the command by itself; other signals are handed on to the docker command. */
async function run(
  argv: readonly string[],
  options: Omit<Parameters<typeof runProcess>[1], "signal">,
): Promise<{ result: ProcessResult; cause: StopSwitch["cause"] }> {
  const stop = new StopSwitch();
  const disconnect = listenForSignals(stop, () => {});
  const ended = new AbortController();
  stop.stop.addEventListener("abort", () => {
    if (stop.cause !== "SIGINT" || !options.foreground) ended.abort();
  });
  try {
    const result = await runProcess(argv, { ...options, signal: ended.signal });
    return { result, cause: stop.cause };
  } finally {
    disconnect();
  }
}

/** The docker command ends with 0 when it is told to end. */
function exitCode({ exitCode: code, signal }: ProcessResult, cause: StopSwitch["cause"]): number {
  if (cause !== undefined && !code) return cause === "SIGINT" ? 130 : 143;
  return code ?? 128 + (SIGNALS[signal ?? ""] ?? 15);
}
