import { expect, test } from "bun:test";
import { runText } from "../../../src/report/run.ts";
import { style } from "../../../src/report/style.ts";
import { BROKEN, QUIET } from "./records.ts";

const now = new Date(2026, 10, 20, 14, 0);

test("a report names first what needs attention", () => {
  expect(runText(BROKEN, style(false), now)).toBe(`ensure media: failed
run 20261120-031200-abc123 · today 03:12 · took 32 s · by root, unattended · at revision 0123456789ab

failed
tdarr: failed after 31 s: tdarr-app-1 exited with code 3 (create: not-ready)
  | panic: <nil>
  | \`\`\`
  hint: \`docker logs tdarr-app-1\` shows all of *it*

blocked
sonarr-shows: blocked: needs tdarr, which failed

held
plex: held: stopped on purpose

changed
prowlarr: updated in 1.2 s (its image | has changed)

left as they were
gluetun, deluge
`);
});

test("a run that changed nothing is short", () => {
  expect(runText(QUIET, style(false), now)).toBe(`ensure media: unchanged
run 20261120-041200-abc124 · today 03:12 · took 23 ms · 12 times in a row

left as they were
gluetun
`);
});

test("what went wrong is red", () => {
  expect(runText(BROKEN, style(true), now)).toStartWith(
    "\x1b[1mensure media\x1b[22m: \x1b[31mfailed\x1b[39m\n",
  );
});
