import { HomelabError } from "../errors.ts";
import { isNixos } from "../nix/rebuild.ts";
import { deploy, previewDeploy } from "../run/deploy.ts";
import { Store } from "../store/store.ts";
import { makeCommand } from "./command.ts";
import { PULL_OPTION } from "./deploy.ts";
import { printPlan } from "./plan.ts";
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
    ["homelab update-system --dry-run", "what would be done, and the command"],
  ],
  async run(context, _words, { pull }) {
    const root = findRoot(context);
    if (!isNixos()) {
      throw new HomelabError("unsupported", "this machine does not run NixOS: there is no system to update", {
        hint: "`homelab update-services` deploys the services alone",
      });
    }
    const { env, messages } = context;
    const asked = { root, env, pull, system: "always" } as const;
    if (context.options.dryRun) {
      const store = Store.openReadonly(env, (text) => messages.warn(text));
      printPlan(context, { root, targets: [], steps: await previewDeploy({ ...asked, store }) });
      store.close();
      return;
    }
    await runLocked(context, root, (session) => deploy({ ...session, ...asked }));
  },
});
