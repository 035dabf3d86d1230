import { expect, test } from "bun:test";
import { manPage, roff } from "../../../src/cli/roff.ts";

test.each([
  ["a\\b", "a\\eb"],
  ["--dry-run", "\\-\\-dry\\-run"],
  ["`x`", "\\(gax\\(ga"],
  ["'tis", "\\(aqtis"],
  [".env first\n.env again", "\\&.env first\n\\&.env again"],
  ["TARGET…", "TARGET\\[u2026]"],
  ["~/.zfunc", "\\(ti/.zfunc"],
])("roff(%j)", (text, want) => expect(roff(text)).toBe(want));

test("a page has each command with its options, and each topic as it stands", () => {
  const command = {
    name: "stop",
    usage: "TARGET…",
    description: "Stops.",
    options: [["    --all", "all of it"]],
    examples: [["homelab stop plex", "one"]],
  } as const;
  const page = manPage({
    version: "1.2",
    commands: [command],
    options: [["-q, --quiet", "less"]],
    topics: [{ name: "exit-codes", text: "Exit codes:\n  0  done\n" }],
  });
  expect(page).toContain('.TH HOMELAB 1 "" "homelab 1.2" "User Commands"\n');
  expect(page).toContain(".TP\n\\fB\\-q, \\-\\-quiet\\fR\nless\n");
  expect(page).toContain(
    '.SS "homelab stop TARGET\\[u2026]"\nStops.\n.TP\n\\fB\\-\\-all\\fR\nall of it\n.PP\nExamples:\n',
  );
  expect(page).toEndWith('.SH "EXIT CODES"\n.nf\nExit codes:\n  0  done\n.fi\n');
});
