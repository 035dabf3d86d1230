import { HomelabError } from "../errors.ts";
import { makeCommand } from "./command.ts";
import { print, printJson } from "./context.ts";
import { hasErrors, lint, lintDocument, lintSummary, printFindings } from "./sources/lint.ts";
import { filesOf } from "./sources/place.ts";
import { working } from "./sources/work.ts";

export default makeCommand({
  name: "lint",
  description:
    "Checks the Nix files that git knows: syntax, with the Nix of this machine; `mkIf true`, services as root, secrets that are read when the configuration is evaluated, and other anti-patterns; what statix and deadnix say, where they are installed. Fails (78) for errors. A comment on the line or above it allows what must be: `# homelab: allow RULE: REASON`.",
  usage: "[FILE…]",
  words: { min: 0, max: Number.POSITIVE_INFINITY, label: "" },
  args: {
    changed: { type: "boolean", description: "only files that are not as they were committed" },
    strict: { type: "boolean", description: "fail for warnings as well" },
  },
  examples: [
    ["homelab lint", "all Nix files of the homelab"],
    ["homelab lint --changed", "what a commit would change"],
    ["homelab lint modules/web.nix", "one file; a directory stands for the files below it"],
  ],
  async run(context, words, { changed = false, strict }) {
    const files = filesOf(words);
    if (files && changed)
      throw new HomelabError("usage", "`--changed` and files cannot both be meant", {
        hint: "without files it means those that are changed, with files these",
      });
    const linted = await working(context, (work) => lint(context, { files, changed }, work));
    const { findings, skipped } = linted;
    if (hasErrors(linted) || (strict && findings.length > 0)) context.exitCode = 78;
    if (context.options.json) return printJson({ version: 1, ...lintDocument(linted) });
    printFindings(context, linted);
    if (skipped !== undefined) context.messages.warn(skipped);
    if (!context.options.quiet || context.exitCode !== 0) print(`${lintSummary(linted)}\n`);
  },
});
