import { printable } from "../report/style.ts";
import { makeCommand } from "./command.ts";
import { print, printJson } from "./context.ts";
import { checkFlake } from "./sources/flake-check.ts";
import { working } from "./sources/work.ts";

export default makeCommand({
  name: "flake-check",
  description:
    "Lets Nix check the flake of the homelab, at its root or in `nixos/`: everything in it is evaluated, and its checks are built. Writes no lock file; with --dry-run nothing is built.",
  usage: "",
  words: { min: 0, max: 0, label: "" },
  args: {
    impure: { type: "boolean", description: "let the flake read what is outside of it, as with `nix`" },
  },
  examples: [
    ["homelab flake-check", "after a change, and before a deployment"],
    ["homelab flake-check --impure", "of a flake that reads the environment"],
  ],
  async run(context, _words, { impure = false }) {
    const { flake, warnings } = await working(context, (work) => checkFlake(context, impure, work));
    if (context.options.json) return printJson({ version: 1, valid: true, flake, warnings });
    for (const warning of warnings) context.messages.warn(warning);
    if (!context.options.quiet) print(`${printable(flake)} is a good flake\n`);
  },
});
