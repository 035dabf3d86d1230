import { resolve } from "node:path";
import type { SetupTarget } from "../run/setup/step.ts";
import { setupSteps } from "../run/setup.ts";
import { makeCommand } from "./command.ts";
import { printJson } from "./context.ts";
import { stepsDocument, workThrough } from "./steps.ts";

/** Where the repository of a server lives. */
const USUAL_ROOT = "/opt/homelab";

export default makeCommand({
  name: "setup",
  description:
    "Sets a server up, once: the repository in its place, the link to its NixOS configuration, directories for the data of its services, owners and modes, and what git and Docker need to know. Every step is looked at first, and what is right already is left alone.",
  usage: "[URL]",
  words: { min: 0, max: 1, label: "" },
  args: {
    user: {
      type: "string",
      valueHint: "NAME",
      description: "the admin who owns services and their data (default: who called sudo)",
    },
  },
  examples: [
    ["sudo homelab setup https://example.org/homelab.git", `clone to ${USUAL_ROOT} and set it up`],
    ["homelab setup --dry-run", "what is right, and what is to be done"],
  ],
  async run(context, [url], { user }) {
    const { env, options } = context;
    const target: SetupTarget = {
      root: resolve(options.root ?? env.HOMELAB_ROOT ?? USUAL_ROOT),
      url,
      user: user ?? env.SUDO_USER ?? env.USER ?? env.LOGNAME ?? "root",
      env,
    };
    const looked = await workThrough(context, setupSteps(target), {
      again: "sudo homelab setup",
      alsoNew: true,
    });
    if (options.json) {
      printJson({ version: 1, root: target.root, user: target.user, steps: stepsDocument(looked) });
    }
  },
});
