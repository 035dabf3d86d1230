import type { Entry, Home } from "./home.ts";

/**
 * A smaller homelab of which `isWrong` still holds: entries, then lines, then parts of lines are left out as long as
 * that is so, and as long as there is time.
 */
export async function shrink(
  home: Home,
  isWrong: (home: Home) => Promise<boolean>,
  forMs: number,
): Promise<Home> {
  const deadline = performance.now() + forMs;
  let best = new Map(home);
  const attempt = async (candidate: Map<string, Entry>): Promise<boolean> => {
    if (performance.now() > deadline || !(await isWrong(candidate))) return false;
    best = candidate;
    return true;
  };
  for (const path of home.keys()) {
    await attempt(new Map([...best].filter(([other]) => other !== path)));
  }
  for (const [path, entry] of home) {
    if (!best.has(path) || !("content" in entry) || typeof entry.content !== "string") continue;
    for (const separator of ["\n", " "]) {
      const current = best.get(path);
      if (!current || !("content" in current) || typeof current.content !== "string") break;
      await shrinkParts(current.content.split(separator), (parts) =>
        attempt(new Map(best).set(path, { content: parts.join(separator) })),
      );
    }
  }
  return best;
}

/** Leaves out ever smaller runs of parts, keeping what `attempt` takes. */
async function shrinkParts(
  parts: readonly string[],
  attempt: (parts: readonly string[]) => Promise<boolean>,
): Promise<void> {
  let kept = [...parts];
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < kept.length; ) {
      const candidate = [...kept.slice(0, at), ...kept.slice(at + size)];
      if (await attempt(candidate)) kept = candidate;
      else at += size;
    }
  }
}
