import { existsSync, realpathSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { nearest } from "../book/nearest.ts";
import { HomelabError } from "../errors.ts";
import { isNixos } from "../nix/rebuild.ts";
import { runProcess } from "../process/runner.ts";
import { formatDate, formatWhen } from "../report/duration.ts";
import { table } from "../report/table.ts";
import { timerStatus, timerSteps, type UnitStatus } from "../run/timers.ts";
import { isSystemd, requireSystemd } from "../systemd/systemctl.ts";
import { type TimersRequest, UNIT_DIRECTORY, unitFiles } from "../systemd/timers.ts";
import { openBook, targetsOf } from "./book.ts";
import { makeCommand } from "./command.ts";
import { type Context, print, printJson } from "./context.ts";
import { invalidValue } from "./options.ts";
import { stepsDocument, workThrough } from "./steps.ts";

const VERBS = ["install", "status"];
/** Where Nix links to what is installed for everybody: the store's own paths go with the next update. */
const PROFILES = ["/nix/var/nix/profiles/default", "/run/current-system/sw"];
const DEFAULT_AT = "*-*-* 04:00:00";
const DEADLINE_MS = 10_000;

export default makeCommand({
  name: "timers",
  description:
    "`timers install` lets systemd deploy regularly and bring services up at boot: a timer that runs `homelab deploy-all` (or `deploy` with the given targets), and a unit that runs `homelab ensure` once Docker is up. Each file is looked at first, and what is right already is left alone. `timers status` says when the next run is, and how the last one ended.",
  usage: "install [TARGET…] | status",
  words: { min: 1, max: Number.POSITIVE_INFINITY, label: "`install` or `status`" },
  args: {
    at: {
      type: "string",
      valueHint: "WHEN",
      description: `as systemd.time(7) writes it (default ${DEFAULT_AT})`,
    },
  },
  examples: [
    ["homelab timers install --dry-run", "show the unit files, write nothing"],
    ["sudo homelab timers install media --at 'Sun 05:00'", "one group, on Sundays"],
    ["sudo systemctl disable --now homelab-deploy.timer", "deploy by hand again"],
    ["homelab timers status", "the next run and the last one; exits with 3 when they are not installed"],
  ],
  async run(context, [verb = "", ...words], { at }) {
    if (verb === "install") return install(context, words, at);
    if (verb === "status" && words.length === 0 && at === undefined) return status(context);
    const surplus = verb === "status" ? (words[0] ?? "--at") : verb;
    const close = nearest(verb, VERBS);
    throw new HomelabError("usage", `unknown word \`${surplus}\` of \`timers\``, {
      hint: close ? `did you mean \`homelab timers ${close}\`?` : "it is `timers install` or `timers status`",
    });
  },
});

async function install(
  context: Context,
  targets: readonly string[],
  when: string | undefined,
): Promise<void> {
  const { env, options } = context;
  const book = await openBook(context);
  targetsOf(book, targets);
  const at = when ?? DEFAULT_AT;
  await checkTime(context, at);
  const request = { program: ownPath(env), root: book.root, targets, at };
  if (options.dryRun) return show(context, request);
  if (isNixos()) {
    throw new HomelabError("unsupported", "on NixOS the system's configuration says which units there are", {
      hint: "`services.homelab` of the NixOS module writes them there, with `deployments` and `onBoot`",
    });
  }
  requireSystemd();
  const looked = await workThrough(context, timerSteps(request, env), {
    again: "sudo homelab timers install",
  });
  if (options.json) printJson({ version: 1, root: book.root, steps: stepsDocument(looked) });
}

/** Where this program is found, rather than where a link leads to: an update may put another file there. */
function ownPath(env: Context["env"]): string {
  const found = Bun.which("homelab", { PATH: env.PATH ?? "" });
  const own = realpathSync(process.execPath);
  const places = [found, ...PROFILES.map((profile) => `${profile}/bin/homelab`)];
  const named = places.find(
    (path) => path && isAbsolute(path) && existsSync(path) && realpathSync(path) === own,
  );
  return named ?? process.execPath;
}

/** Systemd itself knows what a time is; where it is not installed, a line is all that can be asked for. */
async function checkTime({ env }: Context, at: string): Promise<void> {
  const expected = "a time of systemd's, such as `daily`, `Sun 05:00` or `*-*-* 04:00:00`";
  if (/[\n\r]/.test(at)) throw invalidValue("--at", at, expected);
  const analyze = Bun.which("systemd-analyze", { PATH: env.PATH ?? "" });
  if (!analyze) return;
  const { exitCode } = await runProcess([analyze, "calendar", "--", at], { env, deadline: DEADLINE_MS });
  if (exitCode !== 0) throw invalidValue("--at", at, expected);
}

function show(context: Context, request: TimersRequest): void {
  const files = Object.entries(unitFiles(request)).map(([name, text]) => ({
    path: join(UNIT_DIRECTORY, name),
    text,
  }));
  if (context.options.json) printJson({ version: 1, root: request.root, files });
  else print(files.map(({ path, text }) => `# ${path}\n${text}`).join("\n"));
  if (!isSystemd())
    context.messages.info("systemd does not run on this machine: these cannot be installed here");
}

async function status(context: Context): Promise<void> {
  requireSystemd();
  const units = await timerStatus(context.env);
  if (units.some(({ state }) => state === "missing" || state === "disabled")) context.exitCode = 3;
  if (context.options.json) return printJson({ version: 1, units: units.map(unitDocument) });
  const now = new Date();
  const rows = units.map(({ unit, state, next, last, result }) => [
    unit,
    state,
    next ? formatDate(next) : "",
    last ? formatWhen(last, now) : "",
    result ?? "",
  ]);
  print(table(rows, { style: context.out, headings: ["UNIT", "STATE", "NEXT", "LAST", "RESULT"] }));
  if (units.length === 0) context.messages.info("there are none: `services.homelab.deployments` makes them");
  if (context.exitCode === 3) context.messages.info("`sudo homelab timers install` makes what is missing");
}

const unitDocument = ({ unit, state, next, last, result }: UnitStatus) => ({
  unit,
  state,
  next: next?.toISOString() ?? null,
  last: last?.toISOString() ?? null,
  result: result ?? null,
});
