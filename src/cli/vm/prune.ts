import { nearest } from "../../book/nearest.ts";
import { HomelabError } from "../../errors.ts";
import { formatBytes } from "../../os/bytes.ts";
import { prunePlan, pruneVms } from "../../run/vm-prune.ts";
import { bytesOf, largest } from "../../units/microvm/orphans.ts";
import type { Orphan } from "../../units/microvm/orphans-find.ts";
import { confirm } from "../ask.ts";
import type { Context } from "../context.ts";
import { printPlan } from "../plan.ts";
import { runLocked } from "../session.ts";
import { openNamed } from "./book.ts";
import { type All, searchAll, sizeOf } from "./orphans.ts";

/** Files that are named before they go. */
const SHOWN = 4;

/** Takes away what is left of MicroVMs that no configuration names, after a confirmation. */
export async function run(context: Context, words: string[]): Promise<void> {
  const { book, hosts } = await openNamed(context);
  const { options, messages } = context;
  const look = async () => {
    const all = await searchAll(hosts);
    for (const { error } of all.trouble) messages.warn(error.message);
    return chosen(all, words);
  };
  const found = await look();
  for (const { name, machine, running } of found.running)
    messages.info(
      `\`${name}\` stays: it runs on ${machine.name}; \`sudo systemctl stop ${running}\` ends it`,
    );
  for (const { name, belongs } of found.unknown) messages.info(`\`${name}\` stays: ${belongs.why}`);
  if (found.gone.length === 0) messages.info("there are no orphans that could go");
  if (options.dryRun) return printPlan(context, prunePlan(book.root, found.gone, about));
  if (found.gone.length > 0) await confirm(context, question(found.gone));
  await runLocked(context, book.root, (session) =>
    pruneVms({
      ...session,
      root: book.root,
      // What another run did meanwhile may have given them a configuration again.
      find: async () => {
        if (!session.waited) return found.gone;
        const again = await look();
        return again.gone.filter(({ name, machine }) =>
          found.gone.some((each) => each.name === name && each.machine === machine),
        );
      },
      about,
    }),
  );
}

const question = (gone: readonly Orphan[]) => {
  const bytes = gone.reduce((sum, { files = [] }) => sum + bytesOf(files), 0);
  const what = gone.length === 1 ? "this MicroVM" : `these ${gone.length} MicroVMs`;
  return {
    effects: gone.map((orphan) => `${orphan.name} on ${orphan.machine.name}: ${about(orphan)}`),
    text: `Remove what is left of ${what} for good, data included (${formatBytes(bytes)})?`,
  };
};

/** Size and content: disk images are data. */
function about(orphan: Orphan): string {
  const { files, belongs } = orphan;
  if (files === undefined) return `what is in it is not known; ${belongs.why}`;
  const named = largest(files, SHOWN).map(({ name, bytes }) => `${name} (${formatBytes(bytes)})`);
  const more = files.length > SHOWN ? [`${files.length - SHOWN} more`] : [];
  const content = files.length === 0 ? "no data" : `${sizeOf(orphan)}: ${[...named, ...more].join(", ")}`;
  return `${content}; ${belongs.why}`;
}

interface Chosen {
  readonly gone: readonly Orphan[];
  readonly running: readonly Orphan[];
  readonly unknown: readonly Orphan[];
}

/** All orphans that do not run, or those that were named. Throws for one that was named and has to stay. */
function chosen(all: All, words: readonly string[]): Chosen {
  for (const word of words) refuseOther(all, word);
  const wanted = all.orphans.filter(({ name }) => words.length === 0 || words.includes(name));
  const orphans = wanted.filter(({ belongs }) => belongs.is === "orphan");
  return {
    gone: orphans.filter(({ running }) => running === undefined),
    running: orphans.filter(({ running }) => running !== undefined),
    unknown: wanted.filter(({ belongs }) => belongs.is === "unknown"),
  };
}

function refuseOther({ orphans, named }: All, word: string): void {
  const found = orphans.filter(({ name }) => name === word);
  const running = found.find((each) => each.running !== undefined);
  if (running)
    throw new HomelabError("refused", `\`${word}\` runs on ${running.machine.name}`, {
      hint: `\`sudo systemctl stop ${running.running}\` there ends it, if it is not needed`,
    });
  const unknown = found.find(({ belongs }) => belongs.is === "unknown");
  if (unknown)
    throw new HomelabError(
      "refused",
      `whether anything names \`${word}\` is not known: ${unknown.belongs.why}`,
      {
        hint: "put that right, or remove /var/lib/microvms/NAME by hand when you know that it can go",
      },
    );
  if (found.length > 0) return;
  const by = named.get(word);
  if (by !== undefined)
    throw new HomelabError("refused", `\`${word}\` is no orphan: ${by}`, {
      hint: "take it out of its configuration first",
    });
  const close = nearest(
    word,
    orphans.map(({ name }) => name),
  );
  throw new HomelabError("unknown-target", `there is no orphan \`${word}\``, {
    hint: close ? `did you mean \`${close}\`?` : "`homelab vm orphans` shows those that there are",
  });
}
