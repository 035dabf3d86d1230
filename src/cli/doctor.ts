import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { loadBook } from "../book/load.ts";
import type { Book, ServiceRecipe } from "../book/types.ts";
import { Docker } from "../docker/client.ts";
import { findCompose } from "../docker/compose.ts";
import { dockerEndpoint } from "../docker/endpoint.ts";
import { HomelabError, Problems } from "../errors.ts";
import { gitDirectory } from "../git/head.ts";
import { hasGit, remoteHost, unresolved } from "../git/remote.ts";
import { isHere } from "../graph/targets.ts";
import { isNixos } from "../nix/rebuild.ts";
import { formatBytes } from "../os/bytes.ts";
import { readRegularFile } from "../os/file.ts";
import { freeBytes, LEAST_FREE } from "../os/space.ts";
import { runProcess } from "../process/runner.ts";
import { table } from "../report/table.ts";
import { describeHolder, lockHolder } from "../run/lock.ts";
import { mendSteps } from "../run/mend.ts";
import { stateDirectory } from "../store/store.ts";
import { ambiguousLines } from "../units/compose/dotenv.ts";
import { makeCommand } from "./command.ts";
import { type Context, print, printJson } from "./context.ts";
import { checkMachines, withoutServices } from "./doctor-machines.ts";
import { mend, toBeMended } from "./mend.ts";
import { findRoot } from "./root.ts";
import { look } from "./steps.ts";

const DEADLINE_MS = 10_000;
/** From this difference between two clocks on, times of containers mislead. */
const CLOCK_SLACK_MS = 5_000;
const LITTLE_SPACE = 2e9;

type Verdict = "ok" | "note" | "warning" | "problem";

export interface Finding {
  readonly check: string;
  readonly verdict: Verdict;
  readonly text: string;
  readonly hint?: string | undefined;
}

export default makeCommand({
  name: "doctor",
  description:
    "Checks what homelab stands on: Docker and Compose, git, the state directory, space, clocks, cron, recipes and environment files. Exits with 1 when something has to be put right. Changes nothing, unless `--fix` is given: that takes the rights of others at secrets away and lets git ignore them, after a confirmation.",
  usage: "",
  words: { min: 0, max: 0, label: "" },
  args: { fix: { type: "boolean", description: "put right what is safe to" } },
  examples: [
    ["homelab doctor", "a line for each check, with what to do"],
    ["homelab doctor --fix --dry-run", "what `--fix` would do"],
  ],
  async run(context, _words, { fix }) {
    const root = rootOf(context);
    const { findings: homelab, services, book } = await checkHomelab(root);
    const machines = book ? await checkMachines(context, book) : [];
    const engine = [...(await checkEngine(context)), await checkCompose(context)];
    const steps = mendSteps({ root, services, state: stateDirectory(context.env), env: context.env });
    const mendable = (await look(steps)).filter(({ state }) => state.is === "to do");
    const findings = [
      // Who runs units and MicroVMs alone needs no engine.
      ...(machines.length > 0 && services.length === 0 ? withoutServices(engine) : engine),
      ...machines,
      await checkGit(context, root),
      ...(await checkNames(context, root)),
      checkState(context),
      ...checkSchedule(),
      {
        check: "system",
        verdict: "note" as const,
        text: isNixos() ? "NixOS" : "not NixOS: the system is not updated",
      },
      ...homelab,
      ...mendable.map(toBeMended),
    ];
    if (!context.options.json) print(text(findings, context));
    const mended = fix ? await mend(context, mendable) : undefined;
    if (context.options.json) printJson({ version: 1, root: root ?? null, checks: findings, ...mended });
    if (findings.some(({ verdict }) => verdict === "problem")) context.exitCode = 1;
  },
});

function text(findings: readonly Finding[], { out: s, options }: Context): string {
  const paint = { ok: s.green, note: s.dim, warning: s.yellow, problem: s.red };
  const shown = findings.filter(({ verdict }) => !options.quiet || verdict === "problem");
  const rows = shown.flatMap(({ check, verdict, text: what, hint }) => [
    [paint[verdict](verdict), check, what],
    ...(hint === undefined ? [] : [["", "", s.dim(`→ ${hint}`)]]),
  ]);
  const count = (wanted: Verdict) => findings.filter(({ verdict }) => verdict === wanted).length;
  const words = [count("problem"), count("warning")];
  const summary = `${words[0]} ${words[0] === 1 ? "problem" : "problems"}, ${words[1]} ${words[1] === 1 ? "warning" : "warnings"}\n`;
  return table(rows, { style: s }) + summary;
}

const ok = (check: string, what: string): Finding => ({ check, verdict: "ok", text: what });

/** The finding for an error that says itself what is wrong and what to do. */
function trouble(check: string, error: unknown): Finding {
  if (!(error instanceof HomelabError)) throw error;
  return { check, verdict: "problem", text: error.message, hint: error.hint };
}

function rootOf(context: Context): string | undefined {
  try {
    return findRoot(context);
  } catch (error) {
    if (error instanceof HomelabError) return undefined;
    throw error;
  }
}

async function checkEngine({ env }: Context): Promise<Finding[]> {
  try {
    const endpoint = dockerEndpoint(env);
    const asked = Date.now();
    const { version, time, root } = await (await Docker.connect(endpoint)).about();
    const apart = Math.abs(time - (asked + Date.now()) / 2);
    return [
      ok("docker", `version ${version} at ${endpoint.host}`),
      apart > CLOCK_SLACK_MS
        ? {
            check: "clock",
            verdict: "warning",
            text: `Docker's clock and this one are ${Math.round(apart / 1000)} s apart`,
            hint: "let both be set by NTP: `timedatectl`",
          }
        : ok(
            "clock",
            existsSync("/run/systemd/timesync/synchronized") ? "synchronised" : "the same as Docker's",
          ),
      ...(existsSync(root) ? [space("space for Docker", root)] : []),
    ];
  } catch (error) {
    return [trouble("docker", error)];
  }
}

async function checkCompose({ env }: Context): Promise<Finding> {
  try {
    const { argv, env: own } = await findCompose(env, dockerEndpoint(env));
    const { exitCode, stdout } = await runProcess([...argv, "version", "--short"], {
      env: own,
      deadline: DEADLINE_MS,
    });
    if (exitCode === 0) return ok("compose", `version ${stdout.trim()}`);
    return {
      check: "compose",
      verdict: "problem",
      text: `${argv[0]} does not run`,
      hint: "install it again",
    };
  } catch (error) {
    return trouble("compose", error);
  }
}

async function checkGit({ env }: Context, root: string | undefined): Promise<Finding> {
  if (!hasGit(env)) {
    return {
      check: "git",
      verdict: "problem",
      text: "git is not installed",
      hint: "`homelab deploy` needs it",
    };
  }
  const { stdout } = await runProcess(["git", "--version"], { env, deadline: DEADLINE_MS });
  const version = stdout.trim().replace(/^git /, "");
  if (root === undefined || gitDirectory(root)) return ok("git", version);
  const hint = "`git init` makes it one; without it `homelab deploy` has nothing to pull";
  return { check: "git", verdict: "note", text: `${version}; ${root} is no repository`, hint };
}

/** Whether the host that the repository comes from has an address: a server whose DNS it runs itself may have none. */
async function checkNames({ env }: Context, root: string | undefined): Promise<Finding[]> {
  const asks = root !== undefined && gitDirectory(root) !== undefined && hasGit(env);
  const host = asks ? await remoteHost(root, env) : undefined;
  if (host === undefined) return [];
  const why = await unresolved(host);
  if (why === undefined) return [ok("dns", `${host} has an address`)];
  const hint = "`homelab deploy` cannot pull: see /etc/resolv.conf, and whether the DNS server runs";
  return [{ check: "dns", verdict: "warning", text: `no address of ${host} is found (${why})`, hint }];
}

function checkState({ env }: Context): Finding {
  const dir = stateDirectory(env);
  let there = dir;
  while (!existsSync(there)) there = dirname(there);
  try {
    accessSync(there, constants.W_OK);
  } catch {
    return {
      check: "state",
      verdict: "problem",
      text: `${dir} cannot be written: nothing is remembered from run to run`,
      hint: "HOMELAB_STATE_DIR names another place",
    };
  }
  return { ...space("state", there), text: `${dir}, ${space("state", there).text}` };
}

function space(check: string, path: string): Finding {
  const free = freeBytes(path);
  if (free === undefined) return { check, verdict: "note", text: "cannot be asked by this user" };
  const what = `${formatBytes(free)} free`;
  if (free >= LITTLE_SPACE) return ok(check, what);
  const hint = "`homelab cleanup --dry-run` shows images that can go; `docker system df` shows the rest";
  return { check, verdict: free < LEAST_FREE ? "problem" : "warning", text: what, hint };
}

/** Whether something runs homelab by itself, as far as this user can see. */
function checkSchedule(): Finding[] {
  const places = [
    "/etc/crontab",
    ...inside("/etc/cron.d"),
    ...inside("/var/spool/cron/crontabs"),
    ...inside("/var/spool/cron"),
  ];
  const timers = inside("/etc/systemd/system").filter((path) => path.endsWith(".timer"));
  const found = [...places, ...timers].filter((path) => /\bhomelab\b/.test(readIfAllowed(path)));
  const what =
    found.length > 0
      ? `in ${found.join(", ")}`
      : "no cron job and no timer runs homelab, as far as this user sees";
  return [{ check: "schedule", verdict: found.length > 0 ? "ok" : "note", text: what }];
}

interface Checked {
  readonly findings: readonly Finding[];
  /** Those that are here, as far as the recipes can be read. */
  readonly services: readonly ServiceRecipe[];
  /** Undefined where the recipes cannot be read. */
  readonly book?: Book | undefined;
}

async function checkHomelab(root: string | undefined): Promise<Checked> {
  const only = (...findings: Finding[]): Checked => ({ findings, services: [] });
  if (root === undefined) {
    const hint = "go into it, or name it with `-C DIR`; `homelab init` makes one";
    return only({ check: "homelab", verdict: "note", text: "there is none here", hint });
  }
  const holder = lockHolder(root);
  const lock = holder
    ? [{ check: "lock", verdict: "note" as const, text: `held by ${describeHolder(holder)}` }]
    : [];
  try {
    const book = await loadBook(root);
    const services = [...book.recipes.values()].filter(
      (recipe): recipe is ServiceRecipe => recipe.kind === "service" && isHere(recipe),
    );
    const recipes = ok("recipes", `${services.length} services in ${root}`);
    const all = [...lock, space("space for the homelab", root), recipes, ...checkEnvFiles(book, services)];
    return { findings: all, services, book };
  } catch (error) {
    if (!(error instanceof Problems)) return only(...lock, trouble("recipes", error));
    const more = error.errors.length > 1 ? ` (and ${error.errors.length - 1} more)` : "";
    const hint = "`homelab validate` shows all with their places";
    return only(...lock, { check: "recipes", verdict: "problem", text: `${error.message}${more}`, hint });
  }
}

function checkEnvFiles(book: Book, services: readonly ServiceRecipe[]): Finding[] {
  const missing = services.filter(({ files }) => files.has(".env.example") && !files.has(".env"));
  const findings = missing.map(
    ({ name, dir }): Finding => ({
      check: "env",
      verdict: "problem",
      text: `${dir} has a template and no .env`,
      hint: `\`homelab env init ${name}\``,
    }),
  );
  for (const { dir, files } of services) {
    if (!files.has(".env")) continue;
    for (const { name, line, why } of ambiguousLines(readIfAllowed(join(book.root, dir, ".env")))) {
      findings.push({ check: "env", verdict: "warning", text: `${dir}/.env:${line}: ${name}`, hint: why });
    }
  }
  return findings.length > 0
    ? findings
    : [ok("env", "every template has its .env, and all readers agree on them")];
}

function inside(dir: string): string[] {
  try {
    return readdirSync(dir).map((name) => join(dir, name));
  } catch {
    // Not there, or not for this user: there is nothing to be seen.
    return [];
  }
}

function readIfAllowed(path: string): string {
  try {
    return readRegularFile(path).toString("utf8");
  } catch {
    // A directory, gone, or not for this user.
    return "";
  }
}
