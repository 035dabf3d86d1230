import { errorDocument, renderError } from "../report/errors.ts";
import { printable } from "../report/style.ts";
import { table } from "../report/table.ts";
import { makeCommand } from "./command.ts";
import { type Context, print, printJson } from "./context.ts";
import { type Check, checkAll, exitOf } from "./sources/pre-commit.ts";
import { working } from "./sources/work.ts";

export default makeCommand({
  name: "pre-commit-run",
  description:
    "Checks all that is to be right before a commit: `fmt --check`, `lint`, `flake-check`, and the hooks of .pre-commit-config.yaml, where `pre-commit` is installed. All of them are done, whichever fails.",
  usage: "",
  words: { min: 0, max: 0, label: "" },
  args: {
    changed: { type: "boolean", description: "lint: only files that are not as they were committed" },
    impure: { type: "boolean", description: "flake-check: let the flake read what is outside of it" },
  },
  examples: [
    ["homelab pre-commit-run", "everything"],
    ["homelab pre-commit-run --changed", "lint only what the commit would change"],
  ],
  async run(context, _words, { changed = false, impure = false }) {
    const checks = await working(context, (work) => checkAll(context, { changed, impure }, work));
    context.exitCode = exitOf(checks);
    if (context.options.json) {
      const valid = context.exitCode === 0;
      return printJson({ version: 1, valid, checks: checks.map(checkDocument) });
    }
    for (const { error } of checks) if (error) print(`${renderError(error, context.out)}\n`);
    if (!context.options.quiet || context.exitCode !== 0) print(summary(checks, context));
  },
});

const checkDocument = ({ name, verdict, detail, error, document }: Check) => ({
  name,
  verdict,
  detail,
  ...document,
  ...(error && { error: errorDocument(error).error }),
});

function summary(checks: readonly Check[], { out: s }: Context): string {
  const paint = { ok: s.green, failed: s.red, skipped: s.yellow };
  const rows = checks.map(({ name, verdict, detail }) => [name, paint[verdict](verdict), printable(detail)]);
  return table(rows, { style: s });
}
