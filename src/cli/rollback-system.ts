import { HomelabError } from "../errors.ts";
import { isNixos } from "../nix/rebuild.ts";
import { rollbackSystem, systemRollbackPlan } from "../run/system.ts";
import type { Context } from "./context.ts";
import { printPlan } from "./plan.ts";
import { findRoot } from "./root.ts";
import { runLocked } from "./session.ts";

/** `rollback system`: NixOS goes to the generation before. `options`: those that only services have. */
export async function runRollbackSystem(context: Context, options: readonly string[]): Promise<void> {
  if (!isNixos()) {
    throw new HomelabError(
      "unsupported",
      "this machine does not run NixOS: it has no generation to go back to",
    );
  }
  const [surplus] = options;
  if (surplus !== undefined) {
    throw new HomelabError(
      "usage",
      `\`${surplus}\` is for the releases of services, and the system has none`,
      {
        hint: "`nixos-rebuild list-generations` shows its generations; `rollback system` goes to the one before",
      },
    );
  }
  const root = findRoot(context);
  if (context.options.dryRun) return printPlan(context, systemRollbackPlan(root));
  await runLocked(context, root, (session) => rollbackSystem({ ...session, root, env: context.env }));
}
