import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Finding {
  readonly index: number;
  readonly wrong: readonly string[];
  /** The least of the homelab with which the same is wrong. */
  readonly smallest?: string;
}

export interface RunOptions {
  readonly seed: number;
  /** Both included. */
  readonly first: number;
  readonly last: number;
  /** How long a case may be silent before it counts as one that never ends. */
  readonly silenceMs: number;
}

/** Ten thousand homelabs are made and taken away: on a disk that others use, that is what takes the time. */
const MEMORY = "/dev/shm";
export const FUZZ_DIRECTORY = existsSync(MEMORY) ? MEMORY : tmpdir();
const MAIN = join(import.meta.dir, "main.ts");
/** As many are enough to see what is wrong. */
const MOST_FINDINGS = 20;

/**
 * Looks at the cases of a run, in a process that can be ended: what hangs or brings it down is a finding like any
 * other, and the rest is looked at by the next one.
 */
export async function fuzz({ seed, first, last, silenceMs }: RunOptions): Promise<Finding[]> {
  const found: Finding[] = [];
  for (let next = first; next <= last && found.length < MOST_FINDINGS; ) {
    const { done, findings, fate } = await oneProcess(seed, next, last, silenceMs);
    found.push(...findings);
    if (done === last && fate === "0") break;
    found.push({ index: done, wrong: [`the process ended with ${fate}`] });
    next = done + 1;
  }
  return found;
}

async function oneProcess(seed: number, first: number, last: number, silenceMs: number) {
  const directory = realpathSync(mkdtempSync(join(FUZZ_DIRECTORY, "homelab-fuzz-")));
  const child = Bun.spawn([process.execPath, MAIN, directory, `${seed}`, `${first}`, `${last}`], {
    env: {
      PATH: process.env.PATH,
      HOME: directory,
      HOMELAB_FUZZ_LIMIT_MS: process.env.HOMELAB_FUZZ_LIMIT_MS,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const findings: Finding[] = [];
  let done = first;
  let silent = false;
  const end = () => {
    silent = true;
    child.kill("SIGKILL");
  };
  let timer = setTimeout(end, silenceMs);
  const take = (line: string) => {
    if (line.startsWith("{")) findings.push(JSON.parse(line));
    else if (line !== "") done = Number(line);
  };
  const said = new Response(child.stderr).text();
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of child.stdout) {
    clearTimeout(timer);
    timer = setTimeout(end, silenceMs);
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  }
  clearTimeout(timer);
  const code = await child.exited;
  rmSync(directory, { recursive: true, force: true });
  const fate = silent
    ? `nothing for ${silenceMs} ms`
    : `${code}${code === 0 ? "" : `: ${(await said).slice(0, 1000)}`}`;
  return { done, findings, fate };
}
