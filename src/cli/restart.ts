import { makeCommand } from "./command.ts";
import { runEnsure } from "./ensure.ts";
import { KEEP_GOING, stopsAtFailure } from "./keep-going.ts";
import { showPlan } from "./plan.ts";

export default makeCommand({
  name: "restart",
  description:
    "Stops the targets and brings them to ready again, each after what it needs. What their files say by now comes into force, and what shares the network of a target is repaired.",
  usage: "TARGET…",
  words: {
    min: 1,
    max: Number.POSITIVE_INFINITY,
    label: "a target: a service, unit, MicroVM, family or group, or `all`",
  },
  args: {
    needs: { type: "boolean", default: true, negativeDescription: "only the targets, not what they need" },
    "keep-going": KEEP_GOING,
  },
  examples: [
    ["homelab restart plex", "also when it was held"],
    ["homelab restart sonarr anime", "an instance of a family"],
    ["homelab restart gluetun --dry-run", "what would be done, also to what shares its network"],
  ],
  async run(context, words, { needs: withNeeds, "keep-going": keepGoing }) {
    const request = { words, force: false, restart: true, withNeeds };
    if (context.options.dryRun) await showPlan(context, request, false);
    else await runEnsure(context, { ...request, stopAtFailure: stopsAtFailure(keepGoing) });
  },
});
