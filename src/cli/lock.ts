import { HomelabError } from "../errors.ts";
import { describeHolder, lockHolder } from "../run/lock.ts";
import { makeCommand } from "./command.ts";
import { print, printJson } from "./context.ts";
import { findRoot } from "./root.ts";

export default makeCommand({
  name: "lock",
  description:
    "Says who is at work on this homelab. The lock belongs to the running process and goes with it.",
  usage: "status",
  words: { min: 1, max: 1, label: "`status`" },
  args: {},
  examples: [["homelab lock status", "the command at work, its pid, and since when"]],
  async run(context, [word]) {
    if (word !== "status")
      throw new HomelabError("usage", `unknown word \`${word}\``, {
        hint: "did you mean `homelab lock status`?",
      });
    const holder = lockHolder(findRoot(context));
    if (context.options.json) printJson({ version: 1, holder: holder ?? null });
    else print(holder ? `held by ${describeHolder(holder)}\n` : "free\n");
  },
});
