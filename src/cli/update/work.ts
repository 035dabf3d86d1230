import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { now } from "../../clock.ts";
import { HomelabError } from "../../errors.ts";
import { moveDocument, readLock } from "../../nix/lock.ts";
import { backupOf, lockOf, lockText } from "../../nix/lock-file.ts";
import { checkInputs, type FlakeUpdate, type LookRequest } from "../../run/host/update.ts";
import type { Context } from "../context.ts";
import { type Hosts, openFlake, openWorks, requireFlake } from "../host/work.ts";
import type { Session } from "../session.ts";

/** What an update is about. */
export interface Asked extends Hosts {
  /** Names of inputs; all, when there are none. */
  readonly inputs: readonly string[];
}

/** The flake of the homelab, for what is about no host. */
export async function openInputs(context: Context, inputs: readonly string[]): Promise<Asked> {
  checkInputs(inputs);
  const opened = await openWorks(context, []);
  requireFlake(opened);
  return { ...opened, works: [], inputs };
}

/**
 * The hosts and the inputs that words name: what is an input of the flake and no host of the recipes is an input. All
 * hosts without words for any. Throws `unknown-target`, and `not-configured` where there are no hosts.
 */
export async function openHostsAndInputs(context: Context, words: readonly string[]): Promise<Asked> {
  const { flake, works, ...all } = await openWorks(context, []);
  requireFlake({ ...all, flake });
  const text = lockText(flake);
  const known = text === undefined ? [] : [...readLock(text, lockOf(flake)).keys()];
  const isHost = (word: string) =>
    word === "all" || works.some(({ recipe: { name, stage } }) => name === word || stage === word);
  const inputs = words.filter((word) => known.includes(word) && !isHost(word));
  const opened = await openFlake(
    context,
    words.filter((word) => !inputs.includes(word)),
  );
  if (opened.works.length === 0)
    throw new HomelabError("not-configured", "there are no hosts to update", {
      hint: "add them to `hosts:` of homelab.yml; `homelab update flake` takes newer inputs alone",
    });
  return { ...opened, inputs };
}

/** Gives a body a directory of its own, which is gone afterwards. */
export async function withPlace<T>(body: (place: string) => Promise<T>): Promise<T> {
  const place = mkdtempSync(join(tmpdir(), "homelab-update-"));
  try {
    return await body(place);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

export const times = () => ({ at: Date.now(), began: now() });

export const lookRequest = (session: Session, asked: Asked, place: string): LookRequest => ({
  ...session,
  ...asked,
  place,
});

/** What programs are told of an update, beside the run. */
export const updateDocument = ({ flake }: Asked, update: FlakeUpdate | undefined, written: boolean) => ({
  inputs: update?.moves.map(moveDocument) ?? [],
  lock: {
    path: lockOf(flake),
    written,
    backup: written && update?.before !== undefined ? backupOf(flake) : null,
  },
});
