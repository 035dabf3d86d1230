import { describe, expect, test } from "bun:test";
import { fenced, inline, runMarkdown } from "../../../src/report/markdown.ts";
import { BROKEN, QUIET } from "./records.ts";

test("a report is a document of its own", () => {
  expect(runMarkdown(BROKEN)).toBe(`# ensure media: failed

| run | \`20261120-031200-abc123\` |
|---|---|
| at | 2026-11-20 03:12 |
| took | 32 s |
| by | root, unattended |
| revision | \`0123456789ab\` |

## Failed

### tdarr

Failed after 31 s: tdarr-app-1 exited with code 3 (create: not-ready)

\`\`\`\`text
panic: <nil>
\`\`\`
\`\`\`\`

Hint: \`docker logs tdarr-app-1\` shows all of \\*it\\*

## Blocked

| recipe | what | why |
|---|---|---|
| sonarr-shows | blocked: needs tdarr, which failed |  |

## Held

| recipe | what | why |
|---|---|---|
| plex | held: stopped on purpose |  |

## Changed

| recipe | what | why |
|---|---|---|
| prowlarr | updated in 1.2 s | its image \\| has changed |

## Left as they were

gluetun, deluge
`);
});

test("a run that changed nothing is a short one", () => {
  expect(runMarkdown(QUIET)).toBe(`# ensure media: unchanged

| run | \`20261120-041200-abc124\` |
|---|---|
| at | 2026-11-20 03:12 |
| took | 23 ms |

## Left as they were

gluetun
`);
});

describe("inline()", () => {
  test.each([
    ["plain text", "plain text"],
    ["a_b *c* <d> [e](f) #1 ~g~ &amp; \\", "a\\_b \\*c\\* \\<d\\> \\[e\\](f) \\#1 \\~g\\~ \\&amp; \\\\"],
    ["see `a_b | c` and ` alone", "see `a_b | c` and \\` alone"],
    ["two\nlines", "two\\\\nlines"],
  ])("%j", (text, want) => expect(inline(text)).toBe(want));

  test("a table's cell has no bar of its own", () =>
    expect(inline("a `b|c` | d", true)).toBe("a `b\\|c` \\| d"));
});

test("a fence is longer than what it holds", () => {
  expect(fenced(["a", "`````", "b ``` c"])).toBe("``````text\na\n`````\nb ``` c\n``````");
  expect(fenced([])).toBe("```text\n```");
});
