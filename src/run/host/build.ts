import { realise } from "../../nix/derive.ts";
import { systemOf } from "../../nix/flake.ts";
import { failed } from "../steps.ts";
import { type DoPhase, settled } from "./phase.ts";
import { isSame } from "./work.ts";

/** The system that was evaluated; one that runs already is not built again. */
export const buildPhase: DoPhase = async (work, { context, stop }) => {
  const { recipe, place, derivation, system } = work;
  if (!place || derivation === undefined || system === undefined || isSame(work))
    return settled("up-to-date", "there is nothing to build");
  const options = {
    deadline: context.remaining(),
    signal: context.abort,
    progress: (note: string) => context.progress("changing", note),
  };
  const what = { derivation, flake: place.flake, attribute: systemOf(recipe.name) };
  const failure = await realise(place.on, what, options);
  return failure
    ? failed({ ...failure, reason: reasonOf(failure) }, stop, context)
    : settled("built", system);
};

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
