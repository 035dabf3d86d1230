import { derive } from "../../nix/derive.ts";
import { systemOf } from "../../nix/flake.ts";
import { failed } from "../steps.ts";
import { reasonOf } from "./build.ts";
import { type DoPhase, settled } from "./phase.ts";
import { isSame } from "./work.ts";

/** What a host's configuration stands for, before any of it is built. */
export const evaluate: DoPhase = async (work, { places, context, stop }) => {
  const progress = (note: string) => context.progress("verifying", note);
  const place = await places.of(work, { signal: context.abort, progress });
  const derived = await places.evaluating(place.on, () => {
    const options = { deadline: context.remaining(), signal: context.abort, progress };
    return derive(place.on, { ...options, flake: place.flake, attribute: systemOf(work.recipe.name) });
  });
  if (!derived.ok) {
    const { position } = derived;
    const at = position ? ` (${place.own(position.file)}:${position.line}:${position.column})` : "";
    const told = { ...derived, detail: `${derived.detail}${at}` };
    return failed({ ...told, reason: reasonOf(told) }, stop, context);
  }
  Object.assign(work, { place, derivation: derived.derivation, system: derived.path });
  return settled("evaluated", isSame(work) ? "it runs that already" : derived.path);
};
