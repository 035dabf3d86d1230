import { HomelabError } from "../errors.ts";
import { makeRollbackPlan, type RollbackQuestion } from "../plan/rollback.ts";
import { formatWhen } from "../report/duration.ts";
import { table } from "../report/table.ts";
import { rollback } from "../run/rollback.ts";
import { HoldBook } from "../store/held.ts";
import { type Pin, readPins } from "../store/pins.ts";
import { listReleases, type StoredRelease } from "../store/releases.ts";
import { Store } from "../store/store.ts";
import { releaseInForce } from "../units/compose/rollback.ts";
import { openBook, targetsOf } from "./book.ts";
import { makeCommand } from "./command.ts";
import { type Context, print, printJson } from "./context.ts";
import { connect } from "./engine.ts";
import { printPlan } from "./plan.ts";
import { runLocked } from "./session.ts";

/** A word that is no target here: the machine itself. */
const SYSTEM = "system";

export default makeCommand({
  name: "rollback",
  description:
    "Puts services back to the release before, or to the one that is named: its compose files and its images, which are proven to be here before anything stops. The files in the repository stay as they are, and a service stays back until its files or its image change. What only the newer version has is stopped, and not taken away. `.env` and env files are used as they are now.",
  usage: "TARGET… | system",
  words: {
    min: 1,
    max: Number.POSITIVE_INFINITY,
    label: "a target: a service, MicroVM, family or group; or `system`",
  },
  args: {
    to: { type: "string", valueHint: "RELEASE", description: "the release with this number (see --list)" },
    list: { type: "boolean", description: "show the releases, and do nothing" },
  },
  examples: [
    ["homelab rollback plex", "to what ran before"],
    ["homelab rollback plex --list", "what can be gone back to: when, which commit, which images"],
    ["homelab rollback plex --to 41", "to one of these"],
    ["homelab rollback media --dry-run", "which releases would be put back"],
    ["sudo homelab rollback system", "NixOS: to the generation before"],
  ],
  async run(context, words, { to, list }) {
    if (words.length === 1 && words[0] === SYSTEM) {
      const { runRollbackSystem } = await import("./rollback-system.ts");
      const others = [...(list ? ["--list"] : []), ...(to === undefined ? [] : ["--to"])];
      return runRollbackSystem(context, others);
    }
    const book = await openBook(context);
    const targets = targetsOf(book, words);
    if (list) return showReleases(context, book.root, targets);
    if (to !== undefined && targets.length !== 1) {
      throw new HomelabError("usage", "`--to` names a release of one service, and these are several", {
        hint: "name one service",
      });
    }
    if (to !== undefined && !/^\d+$/.test(to)) {
      throw new HomelabError("usage", `\`--to\` takes the number of a release, not \`${to}\``, {
        hint: `\`homelab rollback ${targets[0]} --list\` shows them`,
      });
    }
    await runRollback(context, targets, to === undefined ? undefined : Number(to));
  },
});

/** Takes the lock and puts targets back: to the release `to`, else to the one before. */
export async function runRollback(
  context: Context,
  words: readonly string[],
  to: number | undefined,
): Promise<void> {
  const book = await openBook(context);
  const targets = targetsOf(book, words);
  const asked = { book, targets, to };
  if (context.options.dryRun) return showPlan(context, asked);
  await runLocked(context, book.root, async (session) => {
    const engine = await connect(context, book, session.store, targets, { run: session });
    const holds = new HoldBook(context.env, book.root);
    try {
      return await rollback({ ...session, ...asked, drivers: engine.drivers, holds });
    } finally {
      engine.close();
    }
  });
}

/** What would be put back, proven to be here. */
async function showPlan(context: Context, asked: Omit<RollbackQuestion, "drivers">): Promise<void> {
  const store = Store.openReadonly(context.env, (text) => context.messages.warn(text));
  const engine = await connect(context, asked.book, store, asked.targets);
  try {
    printPlan(context, (await makeRollbackPlan({ ...asked, drivers: engine.drivers })).plan);
  } finally {
    engine.close();
    store.close();
  }
}

function showReleases(context: Context, root: string, targets: readonly string[]): void {
  const store = Store.openReadonly(context.env, (text) => context.messages.warn(text));
  const pins = readPins(store, root);
  const all = targets.map((name) => ({
    name,
    pin: pins.get(name),
    releases: listReleases(store, root, name),
  }));
  store.close();
  if (context.options.json) {
    const services = all.map(({ name, pin, releases }) => ({
      id: name,
      rolledBack: pin ? { at: new Date(pin.at).toISOString(), why: pin.why } : null,
      releases: releases.map(document),
    }));
    printJson({ version: 1, root, services });
    return;
  }
  const now = new Date();
  for (const { name, pin, releases } of all) {
    const current = releaseInForce(releases, pin);
    const rows = releases.map((stored) => row(name, stored, stored === current, pin, now));
    print(
      rows.length === 0
        ? `${name} has no release yet\n`
        : table(rows, {
            style: context.out,
            headings: ["SERVICE", "RELEASE", "LAST READY", "COMMIT", "IMAGES", ""],
          }),
    );
  }
}

function row(
  name: string,
  { id, at, release }: StoredRelease,
  current: boolean,
  pin: Pin | undefined,
  now: Date,
): string[] {
  const images = release.containers.map(({ image, imageId }) => `${image} (${imageId.slice(7, 19)})`);
  const mark = current ? (pin ? "current, rolled back" : "current") : "";
  const commit = release.gitRevision?.slice(0, 10) ?? "";
  return [name, String(id), formatWhen(new Date(at), now), commit, [...new Set(images)].join(", "), mark];
}

const document = ({ id, at, release }: StoredRelease) => ({
  id,
  at: new Date(at).toISOString(),
  gitRevision: release.gitRevision ?? null,
  images: release.containers.map(({ service, image, imageId }) => ({ service, image, id: imageId })),
});
