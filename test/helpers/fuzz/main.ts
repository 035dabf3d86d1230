// Looks at many made-up homelabs, in a process of its own: `main.ts DIRECTORY SEED FIRST LAST`. Before each case it
// writes the case's number to standard output, and a line of JSON for each that went wrong.
import { writeSync } from "node:fs";
import { join } from "node:path";
import { examine } from "./examine.ts";
import { describe, furnish, type Home } from "./home.ts";
import { homeOf } from "./inputs.ts";
import { shrink } from "./shrink.ts";

/** Processor time that a case may take. A busy machine takes none of it. */
const LIMIT_MS = Number(process.env.HOMELAB_FUZZ_LIMIT_MS ?? 500);
const TRIES = 3;
/** Time for making a homelab smaller in which something was wrong. */
const SHRINK_MS = 5000;
const KIND_LENGTH = 40;

const [directory = "", seed = "", first = "", last = ""] = process.argv.slice(2);
const root = join(directory, "root");

async function timed(home: Home): Promise<{ wrong: readonly string[]; answer: string; ms: number }> {
  const begun = process.cpuUsage();
  const { wrong, answer } = await examine(root, home);
  const { user, system } = process.cpuUsage(begun);
  return { wrong, answer, ms: (user + system) / 1000 };
}

/** What is wrong with a case; `looks`: how often more it is looked at to see whether the answer stays the same. */
async function wrongWith(home: Home, looks: number): Promise<readonly string[]> {
  furnish(root, home);
  const { wrong, answer, ms } = await timed(home);
  if (wrong.length > 0) return wrong;
  let best = ms;
  for (let tries = 0; tries < TRIES && (best > LIMIT_MS || tries < looks); tries++) {
    const again = await timed(home);
    if (again.answer !== answer) return [`two answers: ${answer}\n---\n${again.answer}`];
    best = Math.min(best, again.ms);
  }
  return best > LIMIT_MS ? [`it took ${Math.round(best)} ms`] : [];
}

for (let index = Number(first); index <= Number(last); index++) {
  writeSync(1, `${index}\n`);
  const wrong = await wrongWith(homeOf(Number(seed), index), index % 4 === 0 ? 1 : 0);
  if (wrong.length === 0) continue;
  const small = await shrink(homeOf(Number(seed), index), sameAs(wrong), SHRINK_MS);
  writeSync(1, `${JSON.stringify({ index, wrong, smallest: describe(small) })}\n`);
}

/** Whether the same is wrong with another homelab, as far as the first words tell. */
function sameAs([first = ""]: readonly string[]): (home: Home) => Promise<boolean> {
  const kind = (text: string) => text.slice(0, KIND_LENGTH);
  return async (home) => kind((await wrongWith(home, 0))[0] ?? "") === kind(first);
}
