import { join } from "node:path";
import { HomelabError } from "../../errors.ts";
import { type Derived, derive, isInStore, realise } from "../../nix/derive.ts";
import type { Failure } from "../../nix/failure.ts";
import { systemOf } from "../../nix/flake.ts";
import { failed } from "../steps.ts";
import { type Doing, type DoPhase, settled } from "./phase.ts";
import type { Place } from "./place.ts";
import { withRoom } from "./recover.ts";
import { type HostWork, isSame } from "./work.ts";

/** The system that was evaluated; one that runs already is not built again. */
export const buildPhase: DoPhase = async (work, doing) => {
  const { recipe, place, derivation, system } = work;
  const { request, places, context, stop } = doing;
  if (!place || derivation === undefined || system === undefined || isSame(work))
    return settled("up-to-date", "there is nothing to build");
  const { on, flake } = place;
  const options = () => ({
    deadline: context.remaining(),
    signal: context.abort,
    progress: (note: string) => context.progress("changing", note),
  });
  const attempt = async () => {
    // Of what is not built yet nothing keeps the derivation when garbage is collected, for this host or for another.
    const known = await present(work, place, doing);
    if (!known.ok) return known;
    // What is built must not be taken for garbage before it is where it is to be.
    const links = await places.links(on);
    const outLink = links === undefined ? undefined : join(links, recipe.name);
    const what = { derivation: known.derivation, flake, attribute: systemOf(recipe.name), outLink };
    return realise(on, what, options());
  };
  const { ended, warnings } = await withRoom({ machine: on, root: on !== request.here }, doing, attempt);
  if (ended.ok) return settled("built", system, warnings);
  return { ...failed({ ...ended, reason: reasonOf(ended) }, stop, context), warnings };
};

/** The derivation of a host's system, evaluated once more where it is no longer in the store. */
async function present(
  { machine, recipe, derivation = "", system = "" }: HostWork,
  { on, flake, lock }: Place,
  { places, context }: Doing,
): Promise<Derived | Failure> {
  const options = () => ({ deadline: context.remaining(), signal: context.abort });
  if (await isInStore(on, derivation, options())) return { ok: true, derivation, path: system };
  const progress = (note: string) => context.progress("verifying", note);
  const attribute = systemOf(recipe.name);
  const anew = await places.evaluating(on, () =>
    derive(on, { ...options(), progress, flake, lock, attribute }),
  );
  if (!anew.ok || anew.path === system) return anew;
  throw new HomelabError("step-failed", `the configuration of ${machine.name} was changed meanwhile`, {
    hint: "nothing was changed; run it again",
  });
}

const EXITS: Readonly<Record<string, string>> = {
  "nix-missing": "unavailable",
  "nix-too-old": "unsupported",
  "no-flake": "not-configured",
  "no-attribute": "not-configured",
  daemon: "unavailable",
  network: "unavailable",
  owner: "permission",
};

/** A failure of Nix under the code that decides the exit code. */
export const reasonOf = ({ code, detail }: { readonly code: string; readonly detail: string }) => ({
  code: EXITS[code] ?? code,
  text: detail,
});
