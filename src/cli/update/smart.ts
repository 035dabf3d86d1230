import { EXIT_CODES, HomelabError } from "../../errors.ts";
import { githubOf } from "../../issues/github.ts";
import { riskOf, type Scan } from "../../issues/scan.ts";
import type { KnownIssue } from "../../issues/severity.ts";
import { type InputMove, isNixpkgs } from "../../nix/lock.ts";
import { style } from "../../report/style.ts";
import { issueLines, issuesDocument } from "../../report/update.ts";
import { scanUpdate } from "../../run/host/issues.ts";
import type { Context } from "../context.ts";
import { withinOf } from "../host/work.ts";
import type { UpdateOptions } from "../update.ts";
import { showUpdate } from "./preview.ts";
import { type Confirm, questionFor, updateSystems } from "./system.ts";
import { openHostsAndInputs } from "./work.ts";

/** As `update system`, with a look for known issues of what comes between the build and the question. */
export async function run(context: Context, words: string[], options: UpdateOptions): Promise<void> {
  const within = withinOf(options.within);
  const accepts = options.acceptIssues === true;
  // What is wrong with the settings is not told only after a long build.
  githubOf(context.env);
  const asked = await openHostsAndInputs(context, words);
  if (context.options.dryRun) {
    const scan = await showUpdate(context, asked, { scan: true });
    if (!scan || riskOf(scan) !== "critical" || accepts) return;
    context.messages.info("`homelab update smart` would not deploy that without `--accept-issues`");
    context.exitCode = EXIT_CODES.refused;
    return;
  }
  let known: Scan | undefined;
  const confirm: Confirm = async (lines, { session, update, began, done }) => {
    const scanned = await scanUpdate({ ...session, ...asked, since: update.since }, began);
    done.push(...scanned.steps);
    const { scan } = scanned;
    if (session.stop.cause) throw new HomelabError("interrupted", "interrupted before anything was switched");
    if (!scan)
      throw new HomelabError("unavailable", "not updated: a host does not say what its units run", {
        hint: "look how it is (`homelab host status`), then run it again",
      });
    known = scan;
    for (const line of issueLines(scan, style(false))) session.listener.message(line);
    const risk = riskOf(scan);
    if (risk === "critical" && !accepts) throw blocked(scan.issues, update.moves);
    const doubt = risk === "none" ? "" : DOUBTS[risk];
    await session.ask({ effects: lines, text: `${doubt}${questionFor(asked)}` });
  };
  const document = () => ({ known: known ? issuesDocument(known) : null });
  await updateSystems(context, asked, { within, evaluates: true, confirm, document });
}

const DOUBTS = {
  medium: "The risk is medium. ",
  high: "The risk is high. ",
  critical: "Critical issues are known. ",
};

/** Why a critical issue keeps an update back, and what can be done instead. */
function blocked(issues: readonly KnownIssue[], moves: readonly InputMove[]): HomelabError {
  const critical = issues.filter(({ severity }) => severity === "critical");
  const count = critical.length === 1 ? "a critical issue is" : `${critical.length} critical issues are`;
  return new HomelabError("refused", `not updated: ${count} known of what comes`, {
    notes: critical.map(({ package: name, version, number, title, url }) => ({
      text: `${name} ${version}: #${number} ${title}\n${url}`,
    })),
    hint: instead(moves),
  });
}

/** What can be updated all the same: inputs that have nothing to do with nixpkgs. */
export function instead(moves: readonly InputMove[]): string {
  const names = moves
    .filter(({ input, change, after }) => !input.includes("/") && change !== "removed" && !isNixpkgs(after))
    .map(({ input }) => input);
  const others =
    names.length > 0
      ? `leave nixpkgs as it is for now: \`homelab update flake ${names.join(" ")}\``
      : "leave it as it is for now";
  return `${others}\nor go on in spite of that: \`--accept-issues\` (an issue that is closed is not yet mended in every channel)`;
}
