import { describe, expect, test } from "bun:test";
import { asError } from "../../../src/nix/call.ts";
import { type Ended, explain, explainMachine } from "../../../src/nix/failure.ts";
import { missingIn } from "../../../src/nix/look.ts";
import { NixLog } from "../../../src/nix/progress.ts";
import { readLog } from "./captures.ts";

const ASKED = {
  flake: "git+file:///etc/nixos",
  attribute: "nixosConfigurations.web.config.microvm.declaredRunner",
  machine: "this machine",
};
const ended = (log: NixLog, how: Partial<Ended> = {}): Ended => ({
  exitCode: 1,
  timedOut: false,
  cancelled: false,
  doing: "building a",
  log,
  ...how,
});
const said = (...lines: string[]): NixLog => {
  const log = new NixLog();
  for (const line of lines) log.feed(Buffer.from(`${line}\n`));
  return log;
};
const error = (text: string) => `@nix ${JSON.stringify({ action: "msg", level: 0, msg: `error: ${text}` })}`;

test.each([
  [
    "assertions",
    "evaluation",
    "the configuration is wrong: Failed assertions: - Exactly one of users.users.admin.isSystemUser and isNormalUser must be set. - The password of root is empty. (flake.nix:25:85)",
  ],
  [
    "attribute-below",
    "no-attribute",
    "git+file:///etc/nixos has no nixosConfigurations.web.config.microvm.declaredRunner",
  ],
  [
    "attribute-near",
    "no-attribute",
    "git+file:///etc/nixos has no nixosConfigurations.web.config.microvm.declaredRunner",
  ],
  ["broken", "build-failed", "microvm-qemu-broken was not built: it failed with exit code 3"],
  [
    "cache-broken",
    "network",
    "it could not be fetched: some substitutes for the outputs of derivation '/nix/store/awa7kcjkxih9zr5cs3fs70qcn0mq66ki-closure-1.0.drv' failed (usually happens due to networking issues); try '--fallback' to build derivation from source",
  ],
  ["daemon-broken", "build-failed", "microvm-qemu-broken was not built: it failed with exit code 3"],
  ["daemon-dependency", "build-failed", "leaf-1.0 was not built: it failed with exit code 1"],
  [
    "daemon-gone",
    "daemon",
    "the Nix daemon on this machine does not answer: cannot connect to socket at '/nix/var/nix/daemon-socket/socket': No such file or directory",
  ],
  ["dependency", "build-failed", "leaf-1.0 was not built: it failed with exit code 1"],
  [
    "fetch",
    "network",
    "it could not be fetched: unable to download 'https://example.invalid/source.tar.gz': Could not resolve hostname (6) Could not resolve host: example.invalid",
  ],
  [
    "flake-no-file",
    "no-flake",
    "there is no flake at git+file:///etc/nixos: could not find a flake.nix file",
  ],
  [
    "flake-no-path",
    "no-flake",
    "there is no flake at git+file:///etc/nixos: getting status of '/nowhere': No such file or directory",
  ],
  [
    "flake-no-repository",
    "no-flake",
    "there is no flake at git+file:///etc/nixos: '/nowhere' does not appear to be a git repository",
  ],
  [
    "flake-remote",
    "network",
    "it could not be fetched: unable to download 'https://api.github.com/repos/example/nothing/commits/HEAD': Could not resolve hostname (6) Could not resolve host: api.github.com",
  ],
  [
    "flake-untracked",
    "no-flake",
    "there is no flake at git+file:///etc/nixos: path 'flake.nix' does not exist",
  ],
  ["hash", "hash-mismatch", "what was fetched as source.tar.gz is not what its hash says"],
  ["input-gone", "no-flake", "there is no flake at its input plain: path '//w/plain' does not exist"],
  [
    "input-ssh",
    "network",
    "it could not be fetched: ssh: Could not resolve hostname nohost.invalid: Temporary failure in name resolution",
  ],
  ["input-tarball", "no-flake", "there is no flake at its input dep: path 'flake.nix' does not exist"],
  ["interrupted", "interrupted", "broken off while Nix was at it (building a)"],
  ["keep-going", "build-failed", "two was not built: it failed with exit code 2 (and 1 more)"],
  ["killed", "build-failed", "killed was not built: it failed due to signal 9 (Killed)"],
  [
    "missing-file",
    "evaluation",
    "the configuration is wrong: path 'gone.nix' does not exist (flake.nix:2:62)",
  ],
  [
    "no-derivation",
    "evaluation",
    "the configuration is wrong: expected flake output attribute 'nixosConfigurations.notadrv.config.microvm.declaredRunner' to be a derivation or path but found an integer: 42",
  ],
  ["owner", "owner", "git does not trust /srv/other: it belongs to another user"],
  [
    "permission",
    "permission",
    "this user may not use Nix on this machine: opening lock file '/nix/var/nix/db/big-lock': Permission denied",
  ],
  [
    "space-build",
    "no-space",
    "there is no space left on this machine: builder for '/nix/store/mjgqqg4svsxgqqclzl0rjvkvbg3h8w49-big.drv' failed with exit code 1 note: build failure may have been caused by lack of free disk space",
  ],
  [
    "space-evaluation",
    "no-space",
    "there is no space left on this machine: writing to file: No space left on device",
  ],
  ["syntax", "syntax", "syntax error, unexpected '=', expecting ';' (syntax.nix:4:10)"],
  [
    "throws",
    "evaluation",
    "the configuration is wrong: the option `services.web.port' is used but not defined (flake.nix:24:70)",
  ],
  ["timeout", "build-failed", "slow was not built: it timed out after 1 seconds"],
  [
    "undefined-variable",
    "evaluation",
    "the configuration is wrong: undefined variable 'missing' (undefined.nix:5:13)",
  ],
  [
    "untracked",
    "evaluation",
    "the configuration is wrong: path 'untracked.nix' does not exist (flake.nix:22:39)",
  ],
  ["wrong-system", "wrong-system", "it is for aarch64-linux, which this machine cannot build for"],
])("%s is %s", (name, code, detail) => {
  const failure = explain(ended(readLog(name)), ASKED);
  expect([failure.code, failure.detail]).toEqual([code, detail]);
  expect(failure.hint).not.toBe("");
  expect(failure.log.length).toBeGreaterThan(0);
});

describe("what is shown of it", () => {
  const log = (name: string) => explain(ended(readLog(name)), ASKED).log;

  test("the log of the build that failed, not of what needs it", () => {
    expect(log("dependency")).toEqual(["leaf goes wrong"]);
  });

  test("Nix's own words about a wrong line", () => {
    expect(log("syntax").slice(-6)).toEqual([
      "       error: syntax error, unexpected '=', expecting ';'",
      "       at /nix/store/5plph3wb4v282ngaqc4mvq6nchmvszqw-source/syntax.nix:4:10:",
      "            3|     mem = 512",
      "            4|     vcpu = 2;",
      "             |          ^",
      "            5|   };",
    ]);
  });

  test("what ssh said, when it was ssh", () => {
    expect(log("input-ssh")[0]).toBe(
      "ssh: Could not resolve hostname nohost.invalid: Temporary failure in name resolution",
    );
  });
});

describe("hints", () => {
  test.each([
    [
      "broken",
      "see the whole log: `nix log /nix/store/wg8sg9fyxfhm745hi6an023dv46y0nl6-microvm-qemu-broken.drv`",
    ],
    ["attribute-near", "did you mean web?"],
    [
      "hash",
      "if the new one is right, write its hash into the configuration: sha256-fk+i64x6wIlznV3vxEifrWihANkggso1xrQKRSSCH4c=",
    ],
    [
      "owner",
      "say that it may be used: `git config --global --add safe.directory /srv/other`, as the user that builds",
    ],
  ])("%s", (name, hint) => {
    expect(explain(ended(readLog(name)), ASKED).hint).toBe(hint);
  });
});

describe("what has not been captured here", () => {
  const explained = (log: NixLog, how: Partial<Ended> = {}) => {
    const { code, detail, log: lines } = explain(ended(log, how), ASKED);
    return [code, detail, lines];
  };

  test.each([
    [said("env: 'nix': No such file or directory"), { exitCode: 127 }],
    [said("sudo: nix: command not found"), { exitCode: 1 }],
  ])("no Nix: %#", (log, how) => {
    const detail = "Nix is not on this machine, or not in the PATH of programs that are started there";
    expect(explained(log, how)).toEqual(["nix-missing", detail, log.other]);
  });

  test("an old Nix", () => {
    const log = said(
      "error: unrecognised flag '--extra-experimental-features'",
      "Try 'nix --help' for more information.",
    );
    expect(explained(log).slice(0, 2)).toEqual([
      "nix-too-old",
      "Nix on this machine does not know how to build a flake: unrecognised flag '--extra-experimental-features'",
    ]);
  });

  test("a compiler's unknown option is not Nix's", () => {
    const drv = "/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-a.drv";
    const log = said(
      `@nix ${JSON.stringify({ action: "start", id: 1, type: 105, fields: [drv] })}`,
      `@nix ${JSON.stringify({ action: "result", id: 1, type: 101, fields: ["cc: unknown option '-x'"] })}`,
      error(`builder for '${drv}' failed with exit code 1`),
    );
    expect(explained(log)).toEqual([
      "build-failed",
      "a was not built: it failed with exit code 1",
      ["cc: unknown option '-x'"],
    ]);
  });

  test("as newer ones write of a failed build", () => {
    const text = [
      "Cannot build '/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-inetutils-2.7.drv'.",
      "       Reason: builder failed with exit code 2.",
      "       Output paths:",
      "         /nix/store/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb-inetutils-2.7",
      "       Last 2 log lines:",
      "       > a.c:1: error",
      "       > make: failed",
      "       For full logs, run:",
      "         nix log /nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-inetutils-2.7.drv",
    ].join("\n");
    const above =
      "Cannot build '/nix/store/cccccccccccccccccccccccccccccccc-top.drv'.\n       Reason: 1 dependency failed.";
    expect(explained(said(error(text), error(above)))).toEqual([
      "build-failed",
      "inetutils-2.7 was not built: it failed with exit code 2",
      ["a.c:1: error", "make: failed"],
    ]);
  });

  test("as newer ones write of a file that git does not know", () => {
    const text =
      "Path 'vms/web.nix' in the repository \"/etc/nixos\" is not tracked by Git.\n\n       To make it visible to Nix, run:";
    const { code, hint } = explain(ended(said(error(text))), ASKED);
    expect([code, hint]).toEqual([
      "untracked",
      "let git know it: `git -C /etc/nixos add vms/web.nix` (it need not be committed)",
    ]);
  });

  test("an address that is not there is not the network's fault", () => {
    const log = said(error("unable to download 'https://example.org/a': HTTP error 404 (Not Found)"));
    expect(explained(log).slice(0, 2)).toEqual([
      "not-found",
      "it could not be fetched: unable to download 'https://example.org/a': HTTP error 404 (Not Found)",
    ]);
  });

  test("what the machine lacks is not the configuration's fault", () => {
    const realise = `@nix ${JSON.stringify({ action: "start", id: 1, type: 102 })}`;
    const log = said(realise, error("the group 'nixbld' specified in 'build-users-group' does not exist"));
    expect(explained(log).slice(0, 2)).toEqual([
      "build-failed",
      "it was not built: the group 'nixbld' specified in 'build-users-group' does not exist",
    ]);
  });

  test("broken off, and too late", () => {
    const log = said("");
    expect(explained(log, { exitCode: null, cancelled: true })).toEqual([
      "interrupted",
      "broken off while Nix was at it (building a)",
      [],
    ]);
    expect(explained(log, { exitCode: null, timedOut: true })).toEqual([
      "timeout",
      "Nix took too long (building a)",
      [],
    ]);
  });

  test("nothing said at all", () => {
    expect(explained(said(""))).toEqual([
      "evaluation",
      "the configuration is wrong: Nix did not say why",
      [],
    ]);
    expect(explainMachine(ended(said("")), ASKED)).toBeUndefined();
  });
});

test.each([
  ["daemon-gone", "unavailable"],
  ["owner", "permission"],
  ["attribute-near", "not-configured"],
  ["syntax", "step-failed"],
  ["interrupted", "interrupted"],
] as const)("%s ends a command as %s", (name, code) => {
  expect(asError(explain(ended(readLog(name)), ASKED)).code).toBe(code);
});

test.each([
  ["path '/nix/store/5plph3wb4v282ngaqc4mvq6nchmvszqw-source/vms/a.nix' does not exist", "vms/a.nix"],
  [
    "opening file '/nix/store/5plph3wb4v282ngaqc4mvq6nchmvszqw-source/a b.txt': No such file or directory",
    "a b.txt",
  ],
  ["path '/etc/nixos/a.nix' does not exist", undefined],
  ["undefined variable 'a'", undefined],
])("%s", (core, file) => {
  expect(missingIn(core)).toBe(file);
});
