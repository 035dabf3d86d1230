import { expect, test } from "bun:test";
import { hostRows } from "../../../src/report/host.ts";
import { reportDocument } from "../../../src/report/json.ts";
import { runMarkdown } from "../../../src/report/markdown.ts";
import { runText } from "../../../src/report/run.ts";
import { style } from "../../../src/report/style.ts";
import { DEPLOYED, RETURNED, SWITCHED, UNMEASURED } from "./host-reports.ts";

const now = new Date(2026, 10, 20, 14, 0);

test("a deploy's report says what was measured, and what to do next", () => {
  expect(runText(DEPLOYED, style(false), now)).toBe(`host deploy web: changed
run 20261120-031200-abc125 · today 03:12 · took 46.3 s

changed
web: activated in 7.1 s (runs it)

warnings
check web: it has 2 failed units already
web: web.service has 3 new errors in the journal: no such table: users

host web
  system      nixos-system-web-1 → nixos-system-web-2
  generation  1235 → 1236
  took        check 1.2 s, build 38 s, activate 4 s, verify 3.1 s
  packages    3 packages changed, +2.9 MiB: linux 6.12.1 → 6.12.5, foo ∅ → -
  units       new new.service; changed web.service, db.service; started new.service; restarted web.service; reloaded db.service
  reboot      needed for kernel, initrd
  services    23 of 23 run
  memory      8.2 GB of 16 GB in use (51 %, 49 % before)
  processor   15 % busy while it was watched, load 0.15 (0.1 before), 4 cores
  disk /      285 GB of 500 GB in use (57 %, 57 % before)
  disk /boot  500 MB of 1.0 GB in use (50 %, 50 % before)
  network     ssh, default route, DNS: good
  journal     web.service, 3 new errors: no such table: users / <gone>
  journal     kernel, 1 new error: eth0: link is down
  hint: reboot web to bring its kernel and initrd into force
`);
});

test("the same for a ticket", () => {
  expect(runMarkdown(DEPLOYED)).toBe(`# host deploy web: changed

| run | \`20261120-031200-abc125\` |
|---|---|
| at | 2026-11-20 03:12 |
| took | 46.3 s |

## Changed

| recipe | what | why |
|---|---|---|
| web | activated in 7.1 s | runs it |

## Warnings

- check web: it has 2 failed units already
- web: web.service has 3 new errors in the journal: no such table: users

## Host web

| what | measured |
|---|---|
| system | nixos-system-web-1 → nixos-system-web-2 |
| generation | 1235 → 1236 |
| took | check 1.2 s, build 38 s, activate 4 s, verify 3.1 s |
| packages | 3 packages changed, +2.9 MiB: linux 6.12.1 → 6.12.5, foo ∅ → - |
| units | new new.service; changed web.service, db.service; started new.service; restarted web.service; reloaded db.service |
| reboot | needed for kernel, initrd |
| services | 23 of 23 run |
| memory | 8.2 GB of 16 GB in use (51 %, 49 % before) |
| processor | 15 % busy while it was watched, load 0.15 (0.1 before), 4 cores |
| disk / | 285 GB of 500 GB in use (57 %, 57 % before) |
| disk /boot | 500 MB of 1.0 GB in use (50 %, 50 % before) |
| network | ssh, default route, DNS: good |
| journal | web.service, 3 new errors: no such table: users / \\<gone\\> |
| journal | kernel, 1 new error: eth0: link is down |

Recommended:

- reboot web to bring its kernel and initrd into force
`);
});

test("the document has it as it was measured", () => {
  const { steps } = reportDocument("/srv", DEPLOYED);
  expect(steps.map(({ id, host }) => [id, host])).toEqual([
    ["check web", undefined],
    ["web", SWITCHED],
  ]);
});

test("what went back runs what ran before, and boots it", () => {
  const rows = new Map(hostRows(RETURNED));
  expect([...rows.keys()]).toEqual([
    ...["system", "generation", "at the end", "took", "units", "services", "memory", "processor"],
    ...["disk /", "disk /boot", "network", "journal"],
  ]);
  expect([rows.get("generation"), rows.get("at the end"), rows.get("network"), rows.get("journal")]).toEqual([
    "1235, which still boots",
    "runs nixos-system-web-1 again (generation 1235)",
    "default route: good; DNS does not work; Tailscale does not work",
    "no new errors",
  ]);
});

test("what was not measured is not told of", () => {
  expect(hostRows(UNMEASURED).map(([label]) => label)).toEqual(["system", "took"]);
  const unheard = { ...UNMEASURED, resources: { ...SWITCHED.resources, after: null } };
  expect(new Map(hostRows(unheard)).get("at the end")).toBe("it could not be asked");
});
