import { derive } from "../../nix/derive.ts";
import { systemOf } from "../../nix/flake.ts";
import { failed } from "../steps.ts";
import { reasonOf } from "./build.ts";
import { type DoPhase, settled } from "./phase.ts";
import { withRoom } from "./recover.ts";
import { isSame } from "./work.ts";

/** What a host's configuration stands for, before any of it is built. */
export const evaluate: DoPhase = async (work, doing) => {
  const { request, places, context, stop } = doing;
  const progress = (note: string) => context.progress("verifying", note);
  const place = await places.of(work, { signal: context.abort, progress });
  const { on, flake, lock } = place;
  const attempt = () =>
    places.evaluating(on, () => {
      const options = { deadline: context.remaining(), signal: context.abort, progress };
      return derive(on, { ...options, flake, lock, attribute: systemOf(work.recipe.name) });
    });
  // What is evaluated is written to the store as well.
  const store = { machine: on, root: on !== request.here };
  const { ended: derived, warnings } = await withRoom(store, doing, attempt);
  if (!derived.ok) {
    const { position } = derived;
    const at = position ? ` (${place.own(position.file)}:${position.line}:${position.column})` : "";
    const told = { ...derived, detail: `${derived.detail}${at}` };
    return { ...failed({ ...told, reason: reasonOf(told) }, stop, context), warnings };
  }
  Object.assign(work, { place, derivation: derived.derivation, system: derived.path });
  return settled("evaluated", isSame(work) ? "it runs that already" : derived.path, warnings);
};
