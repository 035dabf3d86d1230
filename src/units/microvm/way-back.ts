import { HomelabError, inOneLine } from "../../errors.ts";
import type { Failure, RestorePoint } from "../driver.ts";
import { type Runner, storeHash, storeName, type VmDir } from "./state.ts";
import type { VmWork } from "./types.ts";

/**
 * What a MicroVM is gone back to: the runner that was seen ready last, while another one is in place; else the one that
 * was seen ready before that, or what still runs. Never the one that it was put back from.
 */
export function wayBack(dir: VmDir | undefined): Runner | undefined {
  const { good, booted, current, old, refused } = dir?.runners ?? {};
  return [good, booted, old].find(
    (each) => each && each.path !== current?.path && each.path !== refused?.path,
  );
}

/**
 * The runner that a change is to be measured against, and gone back to when it fails. `serves`: it is up and answers
 * now, which makes what it runs the best that is known.
 */
export function provenBy(dir: VmDir | undefined, serves: boolean): Runner | undefined {
  const { good, booted, current, refused } = dir?.runners ?? {};
  const runs = booted ?? current;
  if (serves && runs && runs.path !== refused?.path) return runs;
  return good ?? runs;
}

/** What `rollback` would put in place. Throws when there is nothing. */
export function restorePoint(
  { recipe: { name }, machine, dir, problem }: Pick<VmWork, "recipe" | "machine" | "dir" | "problem">,
  to: number | undefined,
): RestorePoint {
  if (problem) throw problem;
  if (to !== undefined) {
    const only = `\`${name}\` is a MicroVM: there is only the system before to go back to`;
    throw new HomelabError("usage", only, { hint: "leave `--to` out" });
  }
  const before = wayBack(dir);
  if (before) return { id: 0, text: `the system before, ${nameOf(before)}` };
  const hint = dir?.runners.refused
    ? `it was put back to it; \`homelab vm update ${name} --force\` goes forward again`
    : dir?.declarative
      ? "it is declared by its host: `homelab rollback system` there goes back along with it"
      : "`homelab vm update` keeps the one that it takes the place of";
  throw new HomelabError("refused", `there is no system before of \`${name}\` on ${machine.name}`, { hint });
}

const nameOf = ({ path, system }: Runner): string =>
  `${storeName(system ?? path)} (${storeHash(system ?? path)})`;

/** A failure of a step of which only the update failed. */
export const troubleOf = (trouble: HomelabError): Failure => ({
  ok: false,
  reason: { code: trouble.code, text: trouble.message },
  detail: inOneLine(trouble),
  hint: trouble.hint,
  stands: true,
});
