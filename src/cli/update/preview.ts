import { riskOf, type Scan } from "../../issues/scan.ts";
import { moveLine } from "../../nix/lock.ts";
import { runDocument } from "../../report/json.ts";
import { printable } from "../../report/style.ts";
import { issueLines, issuesDocument, packageLines } from "../../report/update.ts";
import { scanUpdate } from "../../run/host/issues.ts";
import { prepareHosts } from "../../run/host/phases.ts";
import { type FlakeUpdate, lookForUpdates } from "../../run/host/update.ts";
import { waveLines, wavesOf } from "../../run/host/waves.ts";
import { type HostWork, isSame } from "../../run/host/work.ts";
import { conclude } from "../../run/steps.ts";
import { effectLines } from "../../units/host/compare.ts";
import { type Context, print } from "../context.ts";
import { diffDocument } from "../host/diff.ts";
import { runLocked } from "../session.ts";
import { type Asked, lookRequest, openHostsAndInputs, times, updateDocument, withPlace } from "./work.ts";

export const run = async (context: Context, words: string[]): Promise<void> => {
  await showUpdate(context, await openHostsAndInputs(context, words));
};

/**
 * What newer inputs would change on hosts. The systems are built and copied into their stores; flake.lock and all that runs
 * stay as they are. With `scan`, known issues are looked for as well; gives what they come to.
 */
export async function showUpdate(
  context: Context,
  asked: Asked,
  { scan: scans = false }: { readonly scan?: boolean } = {},
): Promise<Scan | undefined> {
  const { root, works } = asked;
  let update: FlakeUpdate | undefined;
  let scan: Scan | undefined;
  await withPlace((place) =>
    runLocked(
      context,
      root,
      async (session) => {
        const { at, began } = times();
        const names = scans ? works.map(({ recipe }) => recipe.name) : [];
        const looked = await lookForUpdates(lookRequest(session, asked, place), began, names);
        const done = [...looked.steps];
        update = looked.update;
        if (!update) return conclude(session, root, done, { at, began });
        const request = { ...session, ...asked, lock: update.file, leavesGarbage: true };
        const prepared = await prepareHosts(
          request,
          ["check", "evaluate", "build", "copy", "compare"],
          began,
        );
        done.push(...prepared.steps);
        if (scans && prepared.good) {
          const scanned = await scanUpdate({ ...request, since: update.since }, began);
          done.push(...scanned.steps);
          scan = scanned.scan;
        }
        return conclude(session, root, done, { at, began });
      },
      (report) => ({
        ...runDocument(report),
        ...updateDocument(asked, update, false),
        hosts: works.flatMap(diffDocument),
        ...(scan ? { known: issuesDocument(scan) } : {}),
      }),
    ),
  );
  if (!context.options.json && update) print(linesOf(context, asked, update, scan));
  return scan;
}

function linesOf(
  { out }: Context,
  { works, stages }: Pick<Asked, "works" | "stages">,
  { moves }: FlakeUpdate,
  scan: Scan | undefined,
): string {
  const inputs = moves.map((each) => `  ${moveLine(each)}`);
  const changing = works.filter((work) => work.comparison && !isSame(work)).map(({ recipe }) => recipe);
  const lines = [
    ...(moves.length === 0 ? ["no input would move"] : ["inputs:", ...inputs]),
    ...waveLines(wavesOf(changing, { stages, canaries: [] })),
    ...works.flatMap(hostLines),
  ].map(printable);
  const issues = scan ? [...issueLines(scan, out), `risk: ${riskOf(scan)}`] : [];
  return [...lines, ...issues].map((line) => `${line}\n`).join("");
}

function hostLines(work: HostWork): string[] {
  const { recipe, state, system, comparison } = work;
  if (!state || system === undefined) return [];
  if (isSame(work) || !comparison) return [`${recipe.name}: nothing would change`];
  const own = [...packageLines(comparison.packages), ...effectLines(comparison)];
  return [`${recipe.name}: ${state.system} → ${system}`, ...own.map((line) => `  ${line}`)];
}
