import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { EXIT_CODES } from "../../../src/errors.ts";
import { BINARY, DOCKER_CONFIG } from "../paths.ts";
import { type Result, start } from "../spawn.ts";
import { Chance, caseSeed } from "./chance.ts";
import { DRIVES_TERMINAL } from "./errors.ts";
import { furnish, type Home, inventory } from "./home.ts";
import { homeOf } from "./inputs.ts";
import { type Finding, FUZZ_DIRECTORY } from "./run.ts";
import { secretsIn } from "./secrets.ts";

const COMMANDS = [
  "list",
  "graph",
  "plan all",
  "plan app",
  "validate",
  "env check",
  "ensure all --dry-run",
  "ensure app --dry-run",
  "status",
  "why app",
  "import Justfile --print",
];
/** Codes of the table that a look at files and containers may end with. */
const ALLOWED = new Set<number | null>([
  0,
  EXIT_CODES.usage,
  EXIT_CODES["not-ready"],
  EXIT_CODES.refused,
  EXIT_CODES.unsupported,
  EXIT_CODES.permission,
  EXIT_CODES["recipe-invalid"],
]);
const STACK_TRACE = /^\s+at .+:\d+(?::\d+)?\)?$|should not have happened/m;

/** Calls the program itself in a homelab of its own, and says what was wrong with what it did. */
export async function callProgram(seed: number, index: number): Promise<Finding> {
  const chance = new Chance(caseSeed(seed, index) ^ 0x5bd1e995);
  const top = realpathSync(mkdtempSync(join(FUZZ_DIRECTORY, "homelab-fuzz-")));
  const root = join(top, "root");
  try {
    const home = homeOf(seed, index);
    furnish(root, home);
    const command = [...chance.pick(COMMANDS).split(" "), ...(chance.happens(40) ? ["--json"] : [])];
    const before = inventory(root);
    const result = await start([BINARY, ...command], { cwd: root, env: environment(top) }).ended;
    const wrong = [
      ...(inventory(root) === before ? [] : ["files were changed"]),
      ...(existsSync(join(top, "state")) ? ["it wrote its state"] : []),
      ...wrongOutput(home, command, result),
    ];
    return { index, wrong: wrong.map((each) => `homelab ${command.join(" ")}: ${each}`) };
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
}

const environment = (top: string) => ({
  PATH: process.env.PATH,
  HOME: top,
  LANG: "C.UTF-8",
  NO_COLOR: "1",
  DOCKER_CONFIG,
  DOCKER_HOST: process.env.DOCKER_HOST,
  HOMELAB_ROOT: join(top, "root"),
  HOMELAB_STATE_DIR: join(top, "state"),
  HOMELAB_NOTIFY: "never",
});

function wrongOutput(home: Home, command: readonly string[], { code, stdout, stderr }: Result): string[] {
  const said = stdout + stderr;
  const secret = secretsIn(home).find((each) => said.includes(each));
  return [
    ...(ALLOWED.has(code) ? [] : [`it ended with ${code}: ${said.slice(0, 2000)}`]),
    ...(STACK_TRACE.test(said) ? [`a stack trace: ${said.slice(0, 2000)}`] : []),
    ...(secret === undefined ? [] : [`it shows the secret ${secret}: ${said.slice(0, 2000)}`]),
    ...(command.includes("--json") ? wrongDocument(stdout) : []),
    ...(DRIVES_TERMINAL.test(stderr) ? [`control characters: ${JSON.stringify(stderr.slice(0, 2000))}`] : []),
    // What is printed as data is as it is.
    ...(!command.some((word) => word === "--print" || word === "--json") && DRIVES_TERMINAL.test(stdout)
      ? [`control characters: ${JSON.stringify(stdout.slice(0, 2000))}`]
      : []),
    ...(code === 0 || said.trim() !== "" ? [] : [`it ended with ${code} and said nothing`]),
  ];
}

function wrongDocument(stdout: string): string[] {
  try {
    const { version } = JSON.parse(stdout) as { version?: unknown };
    return version === 1 ? [] : [`a document without version: ${stdout.slice(0, 500)}`];
  } catch (error) {
    return [`no JSON (${error}): ${stdout.slice(0, 500)}`];
  }
}
