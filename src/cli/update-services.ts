import { makeCommand } from "./command.ts";
import { PULL_OPTION, runDeploy } from "./deploy.ts";

export default makeCommand({
  name: "update-services",
  description:
    "Takes what the repository's upstream has, gets the images, and brings all services to ready, those with newer images anew. The system is left as it is: no root is needed.",
  usage: "",
  words: { min: 0, max: 0, label: "" },
  args: { pull: PULL_OPTION },
  examples: [
    ["homelab pull-images && homelab update-services", "every week: what is newer, into force"],
    ["homelab update-services --dry-run", "what would be done with the files as they are here"],
  ],
  async run(context, _words, { pull }) {
    await runDeploy(context, { words: ["all"], force: false }, { pull, system: "skip" });
  },
});
