import { expect, test } from "bun:test";
import { loadBook } from "../../../src/book/load.ts";
import type { HomelabError } from "../../../src/errors.ts";
import { makeHome, problemsOf } from "./home.ts";

const cases: [name: string, files: Record<string, string>, problems: string[]][] = [
  [
    "an unknown key at the top",
    { "homelab.yml": "service:\n  plex:\n" },
    [
      "recipe-invalid: unknown key `service`",
      "  at homelab.yml:1:1: service:",
      "                      ^^^^^^^",
      "  hint: did you mean `services`?",
    ],
  ],
  [
    "every unknown key of a recipe",
    { "homelab.yml": "services:\n  plex:\n    need: [tdarr]\n    colour: red\n" },
    [
      "recipe-invalid: unknown key `need` of service `plex`",
      "  at homelab.yml:3:5:     need: [tdarr]",
      "                          ^^^^",
      "  hint: did you mean `needs`?",
      "recipe-invalid: unknown key `colour` of service `plex`",
      "  at homelab.yml:4:5:     colour: red",
      "                          ^^^^^^",
      "  hint: valid keys are description, dir, project, needs, after, ready, mounts, before_update, rollback, env",
    ],
  ],
  [
    "an unknown key of `ready`",
    { "homelab.yml": "services:\n  plex:\n    ready: { htpp: http://x/ }\n" },
    [
      "recipe-invalid: unknown key `htpp` of `ready` of service `plex`",
      "  at homelab.yml:3:14:     ready: { htpp: http://x/ }",
      "                                    ^^^^",
      "  hint: did you mean `http`?",
    ],
  ],
  [
    "`ready.exec` with an unknown key and a shell line",
    {
      "homelab.yml":
        "services:\n  plex:\n    ready: { exec: { servce: app, service: app, command: 'wget x | grep y' } }\n",
    },
    [
      "recipe-invalid: `ready.exec.command` of service `plex` must be a list of arguments when it has quotes or shell characters, not `wget x | grep y`",
      "  at homelab.yml:3:58:     ready: { exec: { servce: app, service: app, command: 'wget x | grep y' } }",
      "                                                                                ^^^^^^^^^^^^^^^^^",
      '  hint: Write it as a list, one argument each: `["curl", "-f", "http://127.0.0.1"]`',
      "recipe-invalid: unknown key `servce` of `ready.exec` of service `plex`",
      "  at homelab.yml:3:22:     ready: { exec: { servce: app, service: app, command: 'wget x | grep y' } }",
      "                                            ^^^^^^",
      "  hint: did you mean `service`?",
    ],
  ],
  [
    "`ready.exec` of what has no containers",
    {
      "homelab.yml": "units:\n  db: { unit: db.service, ready: { exec: { service: app, command: [x] } } }\n",
    },
    [
      "recipe-invalid: unknown key `exec` of `ready` of unit `db`",
      "  at homelab.yml:2:36:   db: { unit: db.service, ready: { exec: { service: app, command: [x] } } }",
      "                                                          ^^^^",
      "  hint: valid keys are http, tcp, command, within, stable",
    ],
  ],
  [
    "an unknown key of a need",
    { "homelab.yml": "services:\n  plex:\n    needs: [{ name: loki, wen: started }]\n  loki:\n" },
    [
      "recipe-invalid: unknown key `wen` of an entry of `needs` of service `plex`",
      "  at homelab.yml:3:27:     needs: [{ name: loki, wen: started }]",
      "                                                 ^^^",
      "  hint: did you mean `when`?",
    ],
  ],
  [
    "a task with the name of a command",
    { "homelab.yml": "services:\n  status:\ntasks:\n  list: { run: ls }\n" },
    [
      "recipe-invalid: `list` is a command of homelab: a task of this name could never be called",
      "  at homelab.yml:4:3:   list: { run: ls }",
      "                        ^^^^",
      "  hint: give the task another name",
    ],
  ],
  [
    "a name with a command in it",
    { "homelab.yml": "services:\n  $(x):\n" },
    [
      "recipe-invalid: `$(x)` is not a valid name",
      "  at homelab.yml:2:3:   $(x):",
      "                        ^^^^",
      "  hint: names have lower-case letters, digits and hyphens, begin with a letter or digit, and are at most 63 long",
    ],
  ],
  [
    "a name that is too long",
    { "homelab.yml": "services:\n  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:\n" },
    [
      "recipe-invalid: `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` is not a valid name",
      "  at homelab.yml:2:3:   aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:",
      "                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
      "  hint: names have lower-case letters, digits and hyphens, begin with a letter or digit, and are at most 63 long",
    ],
  ],
  [
    "reserved names",
    { "homelab.yml": "services:\n  all:\nunits:\n  constructor: { unit: x.service }\n" },
    [
      "recipe-invalid: the name `all` is reserved",
      "  at homelab.yml:2:3:   all:",
      "                        ^^^",
      "  hint: give the service another name",
      "recipe-invalid: the name `constructor` is reserved",
      "  at homelab.yml:4:3:   constructor: { unit: x.service }",
      "                        ^^^^^^^^^^^",
      "  hint: give the unit another name",
    ],
  ],
  [
    "a number for a name",
    { "homelab.yml": "services:\n  plex:\n    needs: [1234]\n" },
    [
      "recipe-invalid: an entry of `needs` of service `plex` must be a name or `{ name, when }`, not the number `1234`",
      "  at homelab.yml:3:13:     needs: [1234]",
      "                                   ^^^^",
      '  hint: put it in quotes: `"1234"`',
    ],
  ],
  [
    "a name that is none as a need",
    { "homelab.yml": "services:\n  plex:\n    needs: [Tdarr]\n" },
    [
      "recipe-invalid: an entry of `needs` of service `plex` must be a name, not `Tdarr`",
      "  at homelab.yml:3:13:     needs: [Tdarr]",
      "                                   ^^^^^",
      "  hint: names have lower-case letters, digits and hyphens, begin with a letter or digit, and are at most 63 long",
    ],
  ],
  [
    "text for a list",
    { "homelab.yml": "services:\n  plex:\n    needs: tdarr\n" },
    [
      "recipe-invalid: `needs` of service `plex` must be a list of names, not `tdarr`",
      "  at homelab.yml:3:12:     needs: tdarr",
      "                                  ^^^^^",
    ],
  ],
  [
    "a list for a mapping",
    { "homelab.yml": "services: [plex]\n" },
    [
      "recipe-invalid: `services` must be a mapping of names, not a list",
      "  at homelab.yml:1:11: services: [plex]",
      "                                 ^^^^^^",
    ],
  ],
  [
    "a list for a recipe",
    { "homelab.yml": "services:\n  plex: [tdarr]\n" },
    [
      "recipe-invalid: service `plex` must be a mapping, not a list",
      "  at homelab.yml:2:9:   plex: [tdarr]",
      "                              ^^^^^^^",
    ],
  ],
  [
    "a number for a description",
    { "homelab.yml": "services:\n  plex:\n    description: 12\n" },
    [
      "recipe-invalid: `description` of service `plex` must be text, not the number `12`",
      "  at homelab.yml:3:18:     description: 12",
      "                                        ^^",
      '  hint: put it in quotes: `"12"`',
    ],
  ],
  [
    "a bad condition",
    { "homelab.yml": "services:\n  plex:\n    needs: [{ name: loki, when: ready }]\n  loki:\n" },
    [
      "recipe-invalid: `needs.when` of service `plex` must be `healthy`, `started` or `completed`, not `ready`",
      "  at homelab.yml:3:33:     needs: [{ name: loki, when: ready }]",
      "                                                       ^^^^^",
    ],
  ],
  [
    "bad probes",
    {
      "homelab.yml":
        'services:\n  plex:\n    ready:\n      http: ftp://x/\n      tcp: 10.0.0.1:99999\n      command: curl -f "http://x"\n      within: soon\n      stable: 90\n',
    },
    [
      "recipe-invalid: `ready.http` of service `plex` must be an http or https URL, not `ftp://x/`",
      "  at homelab.yml:4:13:       http: ftp://x/",
      "                                   ^^^^^^^^",
      "recipe-invalid: `ready.tcp` of service `plex` must have a port between 1 and 65535, not `10.0.0.1:99999`",
      "  at homelab.yml:5:12:       tcp: 10.0.0.1:99999",
      "                                  ^^^^^^^^^^^^^^",
      'recipe-invalid: `ready.command` of service `plex` must be a list of arguments when it has quotes or shell characters, not `curl -f "http://x"`',
      '  at homelab.yml:6:16:       command: curl -f "http://x"',
      "                                      ^^^^^^^^^^^^^^^^^^",
      '  hint: Write it as a list, one argument each: `["curl", "-f", "http://127.0.0.1"]`',
      "recipe-invalid: `ready.within` of service `plex` must be a duration such as `90s` or `1h30m`, not `soon`",
      "  at homelab.yml:7:15:       within: soon",
      "                                     ^^^^",
      "recipe-invalid: `ready.stable` of service `plex` must be a duration such as `90s` or `1h30m`, not the number `90`",
      "  at homelab.yml:8:15:       stable: 90",
      "                                     ^^",
    ],
  ],
  [
    "bad mounts, rollback and project",
    { "homelab.yml": "services:\n  plex:\n    mounts: [mnt/x]\n    rollback: always\n    project: Plex\n" },
    [
      "recipe-invalid: `project` of service `plex` must be a compose project name (`[a-z0-9][a-z0-9_-]*`), not `Plex`",
      "  at homelab.yml:5:14:     project: Plex",
      "                                    ^^^^",
      "recipe-invalid: an entry of `mounts` of service `plex` must be an absolute path, not `mnt/x`",
      "  at homelab.yml:3:14:     mounts: [mnt/x]",
      "                                    ^^^^^",
      "recipe-invalid: `rollback` of service `plex` must be `auto`, `manual` or `never`, not `always`",
      "  at homelab.yml:4:15:     rollback: always",
      "                                     ^^^^^^",
    ],
  ],
  [
    "a unit without `unit`",
    { "homelab.yml": "units:\n  jellyfin: { needs: [] }\n" },
    [
      "recipe-invalid: unit `jellyfin` has no `unit`",
      "  at homelab.yml:2:3:   jellyfin: { needs: [] }",
      "                        ^^^^^^^^",
      "  hint: add `unit:`",
    ],
  ],
  [
    "a unit that is none",
    { "homelab.yml": "units:\n  jellyfin: { unit: jellyfin }\n" },
    [
      "recipe-invalid: `unit` of unit `jellyfin` must be the full name of a systemd unit, such as `nginx.service`, not `jellyfin`",
      "  at homelab.yml:2:21:   jellyfin: { unit: jellyfin }",
      "                                           ^^^^^^^^",
    ],
  ],
  [
    "a host that is an option",
    { "homelab.yml": "hosts:\n  a: { address: -oProxyCommand=x, user: -x, critical: [sshd] }\n" },
    [
      "recipe-invalid: `address` of host `a` must be a host name or IP address, not `-oProxyCommand=x`",
      "  at homelab.yml:2:17:   a: { address: -oProxyCommand=x, user: -x, critical: [sshd] }",
      "                                       ^^^^^^^^^^^^^^^^",
      "recipe-invalid: `user` of host `a` must be a user name, not `-x`",
      "  at homelab.yml:2:41:   a: { address: -oProxyCommand=x, user: -x, critical: [sshd] }",
      "                                                               ^^",
      "recipe-invalid: an entry of `critical` of host `a` must be the full name of a systemd unit, such as `nginx.service`, not `sshd`",
      "  at homelab.yml:2:56:   a: { address: -oProxyCommand=x, user: -x, critical: [sshd] }",
      "                                                                              ^^^^",
    ],
  ],
  [
    "a key or a host that ssh would read as something else",
    {
      "homelab.yml":
        "microvms:\n  a: { host: '-oProxyCommand=x' }\n  b: { host: 'p620 -v' }\n  c: { identity: ~root/key }\n  d: { identity: $HOME/key }\n",
    },
    [
      "recipe-invalid: `host` of microvm `a` must be a host recipe or `user@host:port`, not `-oProxyCommand=x`",
      "  at homelab.yml:2:14:   a: { host: '-oProxyCommand=x' }",
      "                                    ^^^^^^^^^^^^^^^^^^",
      "recipe-invalid: `host` of microvm `b` must be a host recipe or `user@host:port`, not `p620 -v`",
      "  at homelab.yml:3:14:   b: { host: 'p620 -v' }",
      "                                    ^^^^^^^^^",
      "recipe-invalid: `identity` of microvm `c` must be the path of a private key, not `~root/key`",
      "  at homelab.yml:4:18:   c: { identity: ~root/key }",
      "                                        ^^^^^^^^^",
      "recipe-invalid: `identity` of microvm `d` must be the path of a private key, not `$HOME/key`",
      "  at homelab.yml:5:18:   d: { identity: $HOME/key }",
      "                                        ^^^^^^^^^",
    ],
  ],
  [
    "a task without `run`",
    { "homelab.yml": "tasks:\n  fmt: { description: x }\n" },
    [
      "recipe-invalid: task `fmt` has no `run`",
      "  at homelab.yml:2:3:   fmt: { description: x }",
      "                        ^^^",
      "  hint: add `run:`",
    ],
  ],
  [
    "bad parameters",
    { "homelab.yml": "tasks:\n  fmt: { params: [a-b], run: [] }\n" },
    [
      "recipe-invalid: an entry of `params` of task `fmt` must be a parameter name (`[a-zA-Z_][a-zA-Z0-9_]*`), not `a-b`",
      "  at homelab.yml:2:19:   fmt: { params: [a-b], run: [] }",
      "                                         ^^^",
      "recipe-invalid: `run` of task `fmt` must have a line, not an empty list",
      "  at homelab.yml:2:30:   fmt: { params: [a-b], run: [] }",
      "                                                    ^^",
    ],
  ],
  [
    "an empty shell line",
    { "homelab.yml": "tasks:\n  a: { run: '' }\n  b: { run: [ls, 5] }\n" },
    [
      "recipe-invalid: `run` of task `a` must be a shell line, not empty text",
      "  at homelab.yml:2:8:   a: { run: '' }",
      "                             ^^^",
      "recipe-invalid: an entry of `run` of task `b` must be a shell line, not the number `5`",
      "  at homelab.yml:3:18:   b: { run: [ls, 5] }",
      "                                        ^",
    ],
  ],
  [
    "nothing where something must be",
    { "homelab.yml": "services:\nunits:\n  a:\ngroups:\n  b:\n" },
    [
      "recipe-invalid: unit `a` must be a mapping, not nothing",
      "  at homelab.yml:3:3:   a:",
      "                        ^",
      "recipe-invalid: group `b` must be a list of names, not nothing",
      "  at homelab.yml:5:3:   b:",
      "                        ^",
    ],
  ],
];

test.each([
  ["a value", "services:\n  a: { rollback: LONG }\n"],
  ["a name", "services:\n  LONG!: {}\n"],
  ["a key", "services:\n  a: { LONG: 1 }\n"],
  ["a repeated key", "LONG: 1\nLONG: 2\n"],
  ["a file", "LONG\n"],
  ["a directory", "services:\n  a: { dir: ../LONG }\n"],
  ["a shipped file", "include: [builtin:LONG]\n"],
])("%s of any length is cut in what is said of it", async (_, text) => {
  const root = makeHome({ "homelab.yml": text.replaceAll("LONG", "x".repeat(900)) });
  const error = await loadBook(root).catch((thrown: HomelabError) => thrown);
  expect([(error as HomelabError).message.length < 300, (error as HomelabError).message]).toEqual([
    true,
    expect.stringContaining(`${"x".repeat(60)}`),
  ]);
});

test.each(cases)("loadBook() refuses %s", async (_, files, problems) => {
  expect(await problemsOf(makeHome(files))).toBe(problems.join("\n"));
});
