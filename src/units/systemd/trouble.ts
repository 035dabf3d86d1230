import { HomelabError } from "../../errors.ts";
import type { Decided, Failure } from "../driver.ts";

/** Does something with the machine of a recipe. One that goes away meanwhile is the trouble of this recipe alone. */
export async function reached<T>(
  work: { problem?: HomelabError | undefined },
  ask: () => Promise<T>,
): Promise<T | HomelabError> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof HomelabError)) throw error;
    work.problem = error;
    return error;
  }
}

export const interrupted = (detail: string): Failure => ({
  ok: false,
  reason: { code: "interrupted", text: detail },
  detail,
});

export const blocked = (problem: HomelabError): Decided => ({
  action: "blocked",
  reason: { code: problem.code, text: problem.message },
  effect: "read",
  settled: false,
  problem,
});
