import { join } from "node:path";
import { realise } from "../../nix/derive.ts";
import { systemOf } from "../../nix/flake.ts";
import { failed } from "../steps.ts";
import { type DoPhase, settled } from "./phase.ts";
import { withRoom } from "./recover.ts";
import { isSame } from "./work.ts";

/** The system that was evaluated; one that runs already is not built again. */
export const buildPhase: DoPhase = async (work, doing) => {
  const { recipe, place, derivation, system } = work;
  const { request, context, stop, links } = doing;
  if (!place || derivation === undefined || system === undefined || isSame(work))
    return settled("up-to-date", "there is nothing to build");
  const { on, flake } = place;
  // What is built here must not be taken for garbage before it is where it is to be.
  const outLink = links !== undefined && on === request.here ? join(links, recipe.name) : undefined;
  const attempt = () =>
    realise(
      on,
      { derivation, flake, attribute: systemOf(recipe.name), outLink },
      {
        deadline: context.remaining(),
        signal: context.abort,
        progress: (note: string) => context.progress("changing", note),
      },
    );
  const { ended, warnings } = await withRoom({ machine: on, root: on !== request.here }, doing, attempt);
  if (ended.ok) return settled("built", system, warnings);
  return { ...failed({ ...ended, reason: reasonOf(ended) }, stop, context), warnings };
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
