import type { Position } from "../errors.ts";
import type { NixLog } from "./progress.ts";
import { coreOf, spotIn, withoutSource } from "./words.ts";

/** What kind of failure it is: there is a hint for each. */
export type FailureCode =
  | "nix-missing"
  | "nix-too-old"
  | "daemon"
  | "permission"
  | "no-space"
  | "network"
  | "not-found"
  | "no-flake"
  | "owner"
  | "untracked"
  | "no-attribute"
  | "syntax"
  | "evaluation"
  | "hash-mismatch"
  | "wrong-system"
  | "build-failed"
  | "timeout"
  | "interrupted";

/** Why Nix gave nothing. */
export interface Failure {
  readonly ok: false;
  readonly code: FailureCode;
  /** What is wrong, in one line. */
  readonly detail: string;
  /** What to do next. */
  readonly hint: string;
  /** Nix's own words, or the last lines of the failed build's log. */
  readonly log: readonly string[];
  /** Where in a file of the flake, if that could be found out. */
  readonly position?: Position | undefined;
}

/** How a call of Nix ended that failed. */
export interface Ended {
  readonly exitCode: number | null;
  readonly timedOut: boolean;
  readonly cancelled: boolean;
  readonly log: NixLog;
  /** What Nix was at when it ended. */
  readonly doing: string;
}

/** What was asked of Nix. */
export interface Asked {
  readonly flake: string;
  readonly attribute: string;
  /** For people: "this machine", or a host's name. */
  readonly machine: string;
}

export type Kind = Omit<Failure, "ok" | "log">;

const LOG_LINES = 40;

/** What a failed call of Nix means, as far as its own words tell. */
export function explain(ended: Ended, asked: Asked): Failure {
  const { log } = ended;
  const kind = builds(log, asked) ?? source(log, asked) ?? evaluation(log, asked);
  return explainMachine(ended, asked) ?? { ok: false, ...kind, log: told(log, kind.code) };
}

/** The same, where it is not about what was asked; undefined where it is. */
export function explainMachine(ended: Ended, asked: Asked): Failure | undefined {
  const kind = broken(ended, asked) ?? machine(ended, asked);
  return kind && { ok: false, ...kind, log: told(ended.log, kind.code) };
}

function broken({ timedOut, cancelled, log, doing }: Ended, { flake }: Asked): Kind | undefined {
  if (cancelled || log.errors.some((each) => coreOf(each) === "interrupted by the user"))
    return { code: "interrupted", detail: `broken off while Nix was at it (${doing})`, hint: "run it again" };
  if (!timedOut) return undefined;
  return {
    code: "timeout",
    detail: `Nix took too long (${doing})`,
    hint: `give it longer with \`--timeout\`; what it has built of ${flake} is kept`,
  };
}

/** What is the matter with the machine, whatever is built on it. */
function machine({ exitCode, log }: Ended, { machine: name }: Asked): Kind | undefined {
  const [core, text] = [lastCore(log), everything(log)];
  const outside = [core, ...log.other].join("\n");
  if (exitCode === 127 || /^sudo: nix(?:-store)?: command not found/m.test(outside)) {
    return {
      code: "nix-missing",
      detail: `Nix is not on ${name}, or not in the PATH of programs that are started there`,
      hint: "install it (`apt install nix-bin`, or https://nixos.org/download), or add /nix/var/nix/profiles/default/bin to PATH",
    };
  }
  if (/unrecognised flag|unknown option|is not a recognised command/.test(outside)) {
    return {
      code: "nix-too-old",
      detail: `Nix on ${name} does not know how to build a flake: ${oneLine(core || outside)}`,
      hint: "update Nix there: 2.4 or newer is needed; `nix --version` tells which it is",
    };
  }
  if (
    /No space left on device|lack of free disk space|database or disk is full|Disk quota exceeded/.test(text)
  ) {
    return {
      code: "no-space",
      detail: `there is no space left on ${name}: ${oneLine(core)}`,
      hint: "see `df -h /nix/store /tmp`; `nix-collect-garbage` removes what nothing needs any more, and `homelab cleanup` old images",
    };
  }
  if (/cannot connect to (?:socket at|daemon)|unable to connect to the daemon/i.test(core)) {
    return {
      code: "daemon",
      detail: `the Nix daemon on ${name} does not answer: ${oneLine(core)}`,
      hint: "see `systemctl status nix-daemon.socket nix-daemon.service` there",
    };
  }
  if (/^opening lock file '\/nix\/var.*Permission denied|is not allowed to connect/m.test(core)) {
    return {
      code: "permission",
      detail: `this user may not use Nix on ${name}: ${oneLine(core)}`,
      hint: "run it as root, or start the daemon there: `systemctl start nix-daemon.socket`",
    };
  }
  return undefined;
}

/** Derivations that were to be built, or fetched, and could not be. */
function builds(log: NixLog, { machine: name }: Asked): Kind | undefined {
  const system = /'([^']+)' with features .* is required to build|Required system: '([^']+)'/.exec(
    log.errors.join("\n"),
  );
  if (system) {
    const wanted = system[1] ?? system[2];
    return {
      code: "wrong-system",
      detail: `it is for ${wanted}, which ${name} cannot build for`,
      hint: `build it on a machine of that kind, or emulate it: \`boot.binfmt.emulatedSystems = [ "${wanted}" ];\``,
    };
  }
  const [first, ...others] = log.failed;
  if (!first) return undefined;
  const more = others.length > 0 ? ` (and ${others.length} more)` : "";
  const hash = log.errors.find((each) => /hash mismatch in fixed-output/.test(each));
  const got = /got:\s+(\S+)/.exec(hash ?? "")?.[1];
  if (first.why === "hash mismatch" && got !== undefined) {
    return {
      code: "hash-mismatch",
      detail: `what was fetched as ${first.name} is not what its hash says${more}`,
      hint: `if the new one is right, write its hash into the configuration: ${got}`,
    };
  }
  const fetching = first.log.findLast((line) => FETCH.test(line));
  if (fetching !== undefined) return transfer(fetching);
  return {
    code: "build-failed",
    detail: `${first.name} was not built: it ${first.why}${more}`,
    hint: `see the whole log: \`nix log ${first.derivation}\``,
  };
}

const FETCH =
  /unable to download|curl: \(\d+\)|Could not resolve host|Could not read from remote repository|some substitutes for .* failed|does not exist in binary cache/;

/** What comes over the network. */
function transfer(text: string): Kind {
  const line = oneLine(text.replace(/^\s*error:\s*/, ""));
  if (/HTTP error 4\d\d|The requested URL returned error: 4\d\d/.test(text)) {
    return {
      code: "not-found",
      detail: `it could not be fetched: ${line}`,
      hint: "look whether the address is right, and whether it needs a token (`access-tokens` in nix.conf)",
    };
  }
  return {
    code: "network",
    detail: `it could not be fetched: ${line}`,
    hint: "look whether the machine is connected (`ping`, `resolvectl query`), then run it again: what came is kept",
  };
}

/** Where the flake comes from. */
function source(log: NixLog, { flake }: Asked): Kind | undefined {
  const [core, all] = [lastCore(log), everything(log)];
  const owned =
    /repository path '([^']+)' is not owned by current user/.exec(core) ??
    /dubious ownership in repository at '([^']+)'/.exec(all);
  if (owned) {
    return {
      code: "owner",
      detail: `git does not trust ${owned[1]}: it belongs to another user`,
      hint: `say that it may be used: \`git config --global --add safe.directory ${owned[1]}\`, as the user that builds`,
    };
  }
  const untracked = /Path '([^']+)' in the repository "([^"]+)" is not tracked by Git/.exec(core);
  if (untracked) return unknownToGit(untracked[2] ?? "", untracked[1] ?? "");
  const nowhere =
    /could not find a flake\.nix file|path '[^']*\/flake\.nix' does not exist|^getting status of '[^']*': No such file|does not contain a '?[^']*flake\.nix'?/;
  const input = /while updating the flake input '([^']+)'/.exec(all)?.[1];
  const meant = input === undefined ? flake : `its input ${input}`;
  if (nowhere.test(core) || (input !== undefined && /^path '[^']*' does not exist/.test(core)))
    return noFlake(meant, oneLine(core));
  if (/does not appear to be a git repository|repository '[^']*' (?:not found|does not exist)/.test(all)) {
    const said = log.other.find((line) => /does not appear|not found|does not exist/.test(line)) ?? core;
    return noFlake(meant, oneLine(said.replace(/^fatal: /, "")));
  }
  const line = [core, ...log.other].find(
    (each) => FETCH.test(each) || /^ssh: |Host key verification/.test(each),
  );
  return line === undefined ? undefined : transfer(log.other.find((each) => /^ssh: /.test(each)) ?? line);
}

const noFlake = (flake: string, why: string): Kind => ({
  code: "no-flake",
  detail: `there is no flake at ${flake}: ${why}`,
  hint: "look whether the path is right, and whether it has a flake.nix that git knows",
});

/** The classic: a flake in a git repository consists of the files that git knows. */
export const unknownToGit = (root: string, file: string): Kind => ({
  code: "untracked",
  detail: `${root}/${file} is there, but git does not know it, so that Nix does not see it`,
  hint: `let git know it: \`git -C ${root} add ${file}\` (it need not be committed)`,
});

/** The same of a file that git is told to leave alone. */
export const ignoredByGit = (root: string, file: string): Kind => ({
  code: "untracked",
  detail: `${root}/${file} is there, but git ignores it, so that Nix does not see it`,
  hint: `everybody on the machine can read what Nix sees; if this may be: \`git -C ${root} add --force ${file}\``,
});

function evaluation(log: NixLog, { flake, attribute }: Asked): Kind {
  const core = lastCore(log);
  if (/does not provide attribute|attribute '[^']+' .*missing|^attribute '[^']+' not found/.test(core)) {
    const meant = /Did you mean (.+)\?/.exec(core)?.[1];
    return {
      code: "no-attribute",
      detail: `${flake} has no ${attribute}`,
      hint: meant === undefined ? `see what it has: \`nix flake show ${flake}\`` : `did you mean ${meant}?`,
    };
  }
  const error = log.errors.at(-1) ?? "";
  const spot = spotIn(error);
  const place = spot ? ` (${withoutSource(spot.file)}:${spot.line}:${spot.column})` : "";
  if (/^syntax error/.test(core)) {
    return {
      code: "syntax",
      detail: `${oneLine(core)}${place}`,
      hint: "put that line right; often the one before it lacks a `;`",
    };
  }
  const why = oneLine(core) || oneLine(log.other.join("; ")) || "Nix did not say why";
  if (log.realising) {
    return {
      code: "build-failed",
      detail: `it was not built: ${why}`,
      hint: `try it by hand: \`nix build --no-link '${flake}#${attribute}'\``,
    };
  }
  return {
    code: "evaluation",
    detail: `the configuration is wrong: ${why}${place}`,
    hint: `see where it comes from: \`nix eval --show-trace '${flake}#${attribute}'\``,
  };
}

/** A Nix that knows no other way, or does not know yet how it is to speak, has its error among the other lines. */
const lastCore = (log: NixLog): string =>
  coreOf(log.errors.at(-1) ?? log.other.findLast((line) => line.startsWith("error:")) ?? "");

const everything = (log: NixLog): string =>
  [...log.errors, ...log.other, ...log.failed.flatMap((each) => each.log)].join("\n");

/** Several lines as one, as far as anybody reads. */
function oneLine(text: string): string {
  const line = withoutSource(text)
    .split("\n")
    .flatMap((each) => each.trim() || [])
    .join(" ");
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}

/** The log of the build that failed; else the errors in Nix's own words. */
function told(log: NixLog, code: FailureCode): string[] {
  const build = log.failed[0];
  if (build && build.log.length > 0) return [...build.log];
  const errors = log.errors.flatMap((error) => `error: ${error}`.split("\n"));
  const other = code === "network" || errors.length === 0 ? log.other : [];
  return [...other, ...errors].slice(0, LOG_LINES);
}
