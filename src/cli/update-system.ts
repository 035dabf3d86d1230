import { existsSync } from "node:fs";
import { HomelabError } from "../errors.ts";
import { isNixos, rebuildCommand } from "../nix/rebuild.ts";
import { deploy } from "../run/deploy.ts";
import { makeCommand } from "./command.ts";
import { print } from "./context.ts";
import { PULL_OPTION } from "./deploy.ts";
import { findRoot } from "./root.ts";
import { runLocked } from "./session.ts";

export default makeCommand({
  name: "update-system",
  description:
    "Takes what the repository's upstream has and switches NixOS to it: the flake at the root or in `nixos/`, else what /etc/nixos leads to. Needs root, or `sudo` without a password.",
  usage: "",
  words: { min: 0, max: 0, label: "" },
  args: { pull: PULL_OPTION },
  examples: [
    ["sudo homelab update-system", "the system, and no services"],
    ["homelab update-system --dry-run", "the command that would be run"],
  ],
  async run(context, _words, { pull }) {
    const root = findRoot(context);
    if (!isNixos()) {
      throw new HomelabError("unsupported", "this machine does not run NixOS: there is no system to update", {
        hint: "`homelab update-services` deploys the services alone",
      });
    }
    if (context.options.dryRun) {
      print(`${rebuildCommand({ root, exists: existsSync }, { rollback: false }).join(" ")}\n`);
      return;
    }
    await runLocked(context, root, (session) =>
      deploy({ ...session, root, env: context.env, pull, system: "always" }),
    );
  },
});
