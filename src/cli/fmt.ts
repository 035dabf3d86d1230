import { printable } from "../report/style.ts";
import { makeCommand } from "./command.ts";
import { print, printJson } from "./context.ts";
import { formatDocument, formatSources, formatSummary, noFormatter } from "./sources/format.ts";
import { filesOf } from "./sources/place.ts";
import { working } from "./sources/work.ts";

export default makeCommand({
  name: "fmt",
  description:
    "Formats the Nix files that git knows: with the formatter of the flake, as `nix fmt` does, else with alejandra, nixfmt or nixpkgs-fmt, whichever is installed.",
  usage: "[FILE…]",
  words: { min: 0, max: Number.POSITIVE_INFINITY, label: "" },
  args: {
    check: { type: "boolean", description: "change nothing; exit with 3 when something would be formatted" },
  },
  examples: [
    ["homelab fmt", "all Nix files of the homelab"],
    ["homelab fmt --check", "which of them are not formatted; the same as --dry-run"],
    ["homelab fmt modules", "those below a directory"],
  ],
  async run(context, words, { check: only = false }) {
    const check = only || context.options.dryRun;
    const files = filesOf(words);
    const formatted = await working(context, (work) => formatSources(context, { files, check }, work));
    if (!formatted) throw noFormatter();
    for (const each of formatted.skipped) context.messages.warn(each);
    if (check && formatted.changed.length > 0) context.exitCode = 3;
    if (context.options.json) return printJson({ version: 1, check, ...formatDocument(formatted) });
    const what = check ? "would format" : "formatted";
    for (const file of formatted.changed) print(`${what} ${printable(file)}\n`);
    if (!context.options.quiet) print(`${formatSummary(formatted, check)}\n`);
  },
});
