import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadBook } from "../book/load.ts";
import type { Book } from "../book/types.ts";
import { HomelabError } from "../errors.ts";
import { upstreamNews, writeUpstream } from "../git/repository.ts";
import { expandTarget, resolveTargets } from "../graph/targets.ts";
import { openBook, resolveWords } from "./book.ts";
import type { Context } from "./context.ts";
import type { Session } from "./session.ts";

/** What is wrong with the words of a command line, or with the recipes, as they are here. */
export interface Doubt {
  readonly error: HomelabError;
  /** The recipes that are here, where they can be read. */
  readonly book?: Book | undefined;
}

/** Looks the words up in the recipes that are here. Undefined when they are right. */
export async function doubtOf(context: Context, words: readonly string[]): Promise<Doubt | undefined> {
  let book: Book | undefined;
  try {
    // Warnings come when they are read for the work.
    book = await openBook({ ...context, options: { ...context.options, quiet: true } });
    resolveWords(book, words);
    return undefined;
  } catch (error) {
    if (error instanceof HomelabError) return { error, book };
    throw error;
  }
}

/**
 * What is wrong here may be right by what the upstream has. Throws what is wrong unless it is: then nothing was done
 * but a fetch.
 */
export async function requireUpstreamKnows(
  context: Context,
  root: string,
  doubt: Doubt,
  words: readonly string[],
  { stop, timeout }: Pick<Session, "stop" | "timeout">,
): Promise<void> {
  const timer = timeout === undefined ? undefined : setTimeout(() => stop.press("timeout"), timeout);
  const options = { env: context.env, signal: stop.stop };
  let wrong: HomelabError | undefined = doubt.error;
  try {
    const news = await upstreamNews(root, options);
    if (news > 0) wrong = await doubtUpstream(root, doubt, words, options);
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
    if (stop.cause === "timeout") {
      const text = `out of time while the upstream was asked: ${doubt.error.message}`;
      throw new HomelabError("timeout", text, { hint: doubt.error.hint });
    }
    if (stop.cause !== undefined) throw error;
    context.messages.warn(`whether the upstream knows better could not be asked: ${error.message}`);
  } finally {
    clearTimeout(timer);
  }
  if (wrong) throw wrong;
}

/** What is wrong by the recipes of the upstream; undefined when they make it right. */
async function doubtUpstream(
  root: string,
  doubt: Doubt,
  words: readonly string[],
  options: Parameters<typeof writeUpstream>[2],
): Promise<HomelabError | undefined> {
  const dir = mkdtempSync(join(tmpdir(), "homelab-upstream-"));
  try {
    await writeUpstream(root, dir, options);
    return await doubtIn(dir, doubt, words);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function doubtIn(
  dir: string,
  { error: doubt, book: here }: Doubt,
  words: readonly string[],
): Promise<HomelabError | undefined> {
  try {
    const book = await loadBook(dir);
    const resolved = resolveTargets(book, words);
    // A service that git does not know is one all the same.
    if ("names" in resolved || (here && expandTarget(here, resolved.unknown))) return undefined;
    resolveWords(book, words);
    return undefined;
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
    // Recipes that are broken there as well: what is wrong here has a place that can be looked at.
    return error.code === "unknown-target" ? error : doubt;
  }
}
