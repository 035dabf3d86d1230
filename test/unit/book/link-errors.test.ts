import { expect, test } from "bun:test";
import { makeHome, problemsOf } from "./home.ts";

const cases: [name: string, files: Record<string, string>, problems: string[]][] = [
  [
    "a directory outside of the root",
    { "homelab.yml": "services:\n  a: { dir: /etc }\n  b: { dir: ../b }\n  c: { dir: services/../../c }\n" },
    [
      "recipe-invalid: `dir` of service `a` must be a path relative to the root, not `/etc`",
      "  at homelab.yml:2:13:   a: { dir: /etc }",
      "                                   ^^^^",
      "recipe-invalid: `dir` of service `b` leaves the root: `../b`",
      "  at homelab.yml:3:13:   b: { dir: ../b }",
      "                                   ^^^^",
      "  hint: a service's directory stands inside of the homelab repository",
      "recipe-invalid: `dir` of service `c` leaves the root: `services/../../c`",
      "  at homelab.yml:4:13:   c: { dir: services/../../c }",
      "                                   ^^^^^^^^^^^^^^^^",
      "  hint: a service's directory stands inside of the homelab repository",
    ],
  ],
  [
    "what runs before an update and could not run by itself",
    {
      "homelab.yml":
        "services:\n  a: { before_update: snap }\n  b: { before_update: a }\n  c: { before_update: ask }\n  d: { before_update: wait }\ntasks:\n  snapshot: { run: x }\n  ask: { params: [p], run: x }\n  wait: { needs: [a], run: x }\n",
    },
    [
      "recipe-invalid: `before_update` of `a` names `snap`, but there is no such task",
      "  at homelab.yml:2:23:   a: { before_update: snap }",
      "                                             ^^^^",
      "  hint: did you mean `snapshot`?",
      "recipe-invalid: `before_update` of `b` names `a`, which is a service",
      "  at homelab.yml:3:23:   b: { before_update: a }",
      "                                             ^",
      "  hint: `homelab list` shows all recipes",
      "recipe-invalid: `before_update` of `c` names `ask`, a task with parameters",
      "  at homelab.yml:4:23:   c: { before_update: ask }",
      "                                             ^^^",
      "  hint: it has to run by itself",
      "recipe-invalid: `before_update` of `d` names `wait`, a task with needs",
      "  at homelab.yml:5:23:   d: { before_update: wait }",
      "                                             ^^^^",
      "  hint: write them as needs of `d`",
    ],
  ],
  [
    "the host of a virtual machine that is nearly one, or something else",
    {
      "homelab.yml":
        "hosts:\n  p620: {}\nmicrovms:\n  a: { host: p62 }\n  b: { host: a }\n  c: { host: elsewhere }\n  d: { host: p621.lan }\n  e: { host: p620 }\n",
    },
    [
      "recipe-invalid: `host` of `a` names `p62`, but there is no such host",
      "  at homelab.yml:4:14:   a: { host: p62 }",
      "                                    ^^^",
      "  hint: did you mean `p620`? If not, add it to `hosts`",
      "recipe-invalid: `host` of `b` names `a`, which is a microvm",
      "  at homelab.yml:5:14:   b: { host: a }",
      "                                    ^",
      "  hint: name a recipe of `hosts:`",
    ],
  ],
  [
    "where a host's system is built",
    {
      "homelab.yml":
        "hosts:\n  p620: { build: here }\n  a: { build: p62 }\n  b: { build: x }\n  c: { build: p620 }\n  d: { build: there }\nunits:\n  x: { unit: x.service }\n",
    },
    [
      "recipe-invalid: `build` of `a` names `p62`, but there is no such host",
      "  at homelab.yml:3:15:   a: { build: p62 }",
      "                                     ^^^",
      "  hint: did you mean `p620`?",
      "recipe-invalid: `build` of `b` names `x`, which is a unit",
      "  at homelab.yml:4:15:   b: { build: x }",
      "                                     ^",
      "  hint: write `here`, `there`, or the name of a recipe of `hosts:`",
    ],
  ],
  [
    "the same directory twice",
    { "homelab.yml": "services:\n  a: { dir: services/x }\n  b:\n    dir: ./services/x/\n" },
    [
      "recipe-invalid: services `a` and `b` have the same directory `services/x`",
      "  at homelab.yml:4:10:     dir: ./services/x/",
      "                                ^^^^^^^^^^^^^",
      "  hint: give each its own `dir`, or keep one of the two",
      "  note: the other one",
      "  at homelab.yml:2:13:   a: { dir: services/x }",
      "                                   ^^^^^^^^^^",
    ],
  ],
  [
    "a name twice across kinds",
    { "homelab.yml": "services:\n  plex:\ngroups:\n  plex: []\n" },
    [
      "recipe-invalid: `plex` is defined twice",
      "  at homelab.yml:4:3:   plex: []",
      "                        ^^^^",
      "  hint: a name stands for one thing; rename or remove one of the two",
      "  note: first defined here",
      "  at homelab.yml:2:3:   plex:",
      "                        ^^^^",
    ],
  ],
  [
    "a name twice across files",
    { "homelab.yml": "services:\n  plex:\n", "recipes/a.yml": "tasks:\n  plex: { run: ls }\n" },
    [
      "recipe-invalid: `plex` is defined twice",
      "  at recipes/a.yml:2:3:   plex: { run: ls }",
      "                          ^^^^",
      "  hint: a name stands for one thing; rename or remove one of the two",
      "  note: first defined here",
      "  at homelab.yml:2:3:   plex:",
      "                        ^^^^",
    ],
  ],
  [
    "a name that a shipped file has",
    { "homelab.yml": "include: [builtin:infrastructure]\nservices:\n  pihole:\n" },
    [
      "recipe-invalid: `pihole` is defined twice",
      "  at homelab.yml:3:3:   pihole:",
      "                        ^^^^^^",
      "  hint: a name stands for one thing; rename or remove one of the two",
      "  note: first defined here",
      "  at builtin:infrastructure:5:3:   pihole:",
      "                                   ^^^^^^",
    ],
  ],
  [
    "an unknown shipped file",
    { "homelab.yml": "include: [builtin:medai]\n" },
    [
      "recipe-invalid: there is no shipped file `medai`",
      "  at homelab.yml:1:11: include: [builtin:medai]",
      "                                 ^^^^^^^^^^^^^",
      "  hint: did you mean `builtin:media`?",
    ],
  ],
  [
    "an include of another kind",
    { "homelab.yml": "include: [./x.yml]\n" },
    [
      "recipe-invalid: `include` must be a shipped file such as `builtin:media`, not `./x.yml`",
      "  at homelab.yml:1:11: include: [./x.yml]",
      "                                 ^^^^^^^",
    ],
  ],
  [
    "an unknown need",
    {
      "homelab.yml":
        "services:\n  sonarr: { needs: [{ name: prowlar }] }\n  prowlarr:\n  x:\n    needs: [gluetun]\n",
    },
    [
      "unknown-need: `sonarr` needs `prowlar`, but there is no such recipe",
      "  at homelab.yml:2:29:   sonarr: { needs: [{ name: prowlar }] }",
      "                                                   ^^^^^^^",
      "  hint: did you mean `prowlarr`? If not, add it with `homelab add prowlar`",
      "unknown-need: `x` needs `gluetun`, but there is no such recipe",
      "  at homelab.yml:5:13:     needs: [gluetun]",
      "                                   ^^^^^^^",
      "  hint: add it with `homelab add gluetun`",
    ],
  ],
  [
    "a need on a task, a group and a family",
    {
      "homelab.yml":
        "services:\n  a: { needs: [fmt, media, sonarr] }\ntasks:\n  fmt: { run: ls }\ngroups:\n  media: [a]\n",
      "services/sonarr/shows/compose.yml": "",
      "services/sonarr/anime/compose.yml": "",
    },
    [
      "unknown-need: `a` needs `fmt`, which is a task",
      "  at homelab.yml:2:16:   a: { needs: [fmt, media, sonarr] }",
      "                                      ^^^",
      "  hint: tasks run when they are called; name a service, unit, microvm or host",
      "unknown-need: `a` needs `media`, which is a group",
      "  at homelab.yml:2:21:   a: { needs: [fmt, media, sonarr] }",
      "                                           ^^^^^",
      "  hint: name its members: a",
      "unknown-need: `a` needs `sonarr`, which is a family",
      "  at homelab.yml:2:28:   a: { needs: [fmt, media, sonarr] }",
      "                                                  ^^^^^^",
      "  hint: name its members: sonarr-anime, sonarr-shows",
    ],
  ],
  [
    "an unknown `after`",
    { "homelab.yml": "services:\n  a: { after: [b, nextclod] }\n  nextcloud:\n" },
    [
      "recipe-invalid: `a` comes after `b`, but there is no such recipe",
      "  at homelab.yml:2:16:   a: { after: [b, nextclod] }",
      "                                      ^",
      "  hint: `homelab list` shows all recipes",
      "recipe-invalid: `a` comes after `nextclod`, but there is no such recipe",
      "  at homelab.yml:2:19:   a: { after: [b, nextclod] }",
      "                                         ^^^^^^^^",
      "  hint: did you mean `nextcloud`?",
    ],
  ],
  [
    "unknown and impossible group members",
    {
      "homelab.yml":
        "services:\n  plex:\nhosts:\n  p620:\ngroups:\n  media: [plx, other, p620, zzz]\n  other:\n    - plex\n",
    },
    [
      "recipe-invalid: group `media` has `plx` as a member, but there is no such recipe",
      "  at homelab.yml:6:11:   media: [plx, other, p620, zzz]",
      "                                 ^^^",
      "  hint: did you mean `plex`?",
      "recipe-invalid: group `media` has `other` as a member, which is a group",
      "  at homelab.yml:6:16:   media: [plx, other, p620, zzz]",
      "                                      ^^^^^",
      "  hint: name its members: plex",
      "recipe-invalid: group `media` has `p620` as a member, which is a host",
      "  at homelab.yml:6:23:   media: [plx, other, p620, zzz]",
      "                                             ^^^^",
      "  hint: groups have services, units, microvms and families",
      "recipe-invalid: group `media` has `zzz` as a member, but there is no such recipe",
      "  at homelab.yml:6:29:   media: [plx, other, p620, zzz]",
      "                                                   ^^^",
      "  hint: `homelab list` shows all recipes",
    ],
  ],
  [
    "a group with the name of a directory",
    {
      "homelab.yml": "groups:\n  sonarr: []\n  plex: []\n",
      "services/sonarr/shows/compose.yml": "",
      "services/plex/compose.yml": "",
    },
    [
      "recipe-invalid: group `sonarr` has the same name as the family in `services/sonarr`",
      "  at homelab.yml:2:3:   sonarr: []",
      "                        ^^^^^^",
      "  hint: rename the group",
      "recipe-invalid: group `plex` has the same name as the service in `services/plex`",
      "  at homelab.yml:3:3:   plex: []",
      "                        ^^^^",
      "  hint: rename the group",
    ],
  ],
  [
    "a broken recipe that others need",
    { "homelab.yml": "services:\n  plex: { needs: [loki, tdar] }\n  loki: { x: 1 }\n  tdarr:\n" },
    [
      "recipe-invalid: unknown key `x` of service `loki`",
      "  at homelab.yml:3:11:   loki: { x: 1 }",
      "                                 ^",
      "  hint: valid keys are description, dir, project, needs, after, ready, mounts, before_update, rollback, env",
      "unknown-need: `plex` needs `tdar`, but there is no such recipe",
      "  at homelab.yml:2:25:   plex: { needs: [loki, tdar] }",
      "                                               ^^^^",
      "  hint: did you mean `tdarr`? If not, add it with `homelab add tdar`",
    ],
  ],
];

test.each(cases)("loadBook() refuses %s", async (_, files, problems) => {
  expect(await problemsOf(makeHome(files))).toBe(problems.join("\n"));
});
