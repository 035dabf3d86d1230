import { HomelabError } from "../../../errors.ts";
import type { SshMachine } from "../../../ssh/machine.ts";
import { quoteWord } from "../../../ssh/quote.ts";
import { ok, type SetupStep, todo } from "../../setup/step.ts";
import {
  EXCLUDED,
  goneFrom,
  identityOf,
  isHere,
  MARKER,
  markerOf,
  parseCopy,
  sentFiles,
  someOf,
} from "./copy.ts";
import { breakable, makeDirectory, shownDirectory, sure } from "./directory.ts";
import type { Entrance } from "./entrance.ts";
import { type HostTarget, LATER, SHORT_MS } from "./target.ts";

const DEADLINE_MS = 30 * 60_000;
const KEEP_BYTES = 16 * 1024 * 1024;

/** How many files a run of rsync would send, from `--itemize-changes`. */
export const countSent = (text: string): number =>
  text.split("\n").filter((line) => /^(?:[<>ch.][fLDS]|cd\+)/.test(line)).length;

/** What is there: "copy" with its marker, and "empty" only where that is certain, or there is nothing to be seen. */
const LOOK = `
if [ -e "$1/$2" ]; then echo copy; exec cat "$1/$2"; fi
if [ ! -e "$1" ]; then echo empty; exit; fi
if names=$(ls -A "$1") && [ -z "$names" ]; then echo empty; else echo foreign; fi
`;
/** Whole or not at all: what was sent must stay known. */
const MARK = 'cat >"$1/$2.new" && mv -f "$1/$2.new" "$1/$2"';
/** Directories go with the last of their files. */
const REMOVE = `
cd "$1" || exit
while IFS= read -r path; do
  if [ -d "$path" ] && [ ! -L "$path" ]; then continue; fi
  rm -f -- "$path" || exit
  case $path in */*) rmdir -p -- "\${path%/*}" 2>/dev/null ;; esac
done
exit 0
`;

/** A copy of the repository as it is here, by rsync. */
export function rsyncSync(
  target: HostTarget,
  entrance: Entrance,
  dir: string,
): Pick<SetupStep, "look" | "apply"> {
  const { host, here, root } = target;
  const shown = shownDirectory(dir);
  const rsync = async (...flags: string[]) => {
    const { settings, address } = target.keyed.reach;
    const to = address.includes(":") ? `[${address}]` : address;
    const argv = [
      ...["rsync", "-a", "--no-owner", "--no-group", ...flags],
      ...EXCLUDED.map((pattern) => `--exclude=${pattern}`),
      ...["-e", `ssh -F ${quoteWord(settings)}`, "--", `${root.replace(/\/*$/, "")}/`, `${to}:${dir}/`],
    ];
    return breakable((more) =>
      here.run(argv, { ...more, english: true, deadline: DEADLINE_MS, keep: KEEP_BYTES }),
    );
  };
  /** What was to be removed there when it was asked about. */
  let asked: ReadonlySet<string> | undefined;
  return {
    async look() {
      const machine = (await entrance.isOpenToKey()) ? await entrance.machine() : undefined;
      if (!machine) {
        asked ??= new Set();
        return todo(`${LATER}, and copied by rsync`);
      }
      await requireRsync(target, machine);
      const { files } = await ownCopy(target, machine, dir);
      const gone = goneFrom(files ?? [], isHere(root));
      asked ??= new Set(gone);
      if (!files) return todo("copy it by rsync");
      const dry = await rsync("--dry-run", "--itemize-changes");
      const sent = countSent(sure(dry, `rsync cannot compare it with ${shown}`, TRY).stdout);
      if (sent + gone.length === 0) return ok("it is as it is here");
      const removed = gone.length > 0 ? `: ${someOf(gone)}` : "";
      return todo(`${count(sent, "to be copied")}, ${count(gone.length, "to be removed there")}${removed}`);
    },
    async apply() {
      const machine = await entrance.machine();
      if (!machine) return;
      const { of, files = [] } = await ownCopy(target, machine, dir);
      const gone = goneFrom(files, isHere(root));
      const unasked = gone.filter((path) => !asked?.has(path));
      if (unasked.length > 0 && !target.unseen) throw notAsked(host.name, unasked);
      await makeDirectory(machine, dir);
      const sent = await sentFiles(target);
      const there = async (script: string, lines: string, words: readonly string[]) => {
        const argv = ["sh", "-c", script, "sh", dir, ...words];
        const done = await breakable((more) =>
          machine.run(argv, { ...more, stdin: lines, deadline: DEADLINE_MS }),
        );
        sure(done, `${shown} on ${host.name} cannot be written`, "see whose it is");
      };
      // Before anything is sent: what a sync that is broken off has sent is known to the next one.
      await there(MARK, markerOf(of, [...files, ...sent]), [MARKER]);
      // A file may take the place of a directory.
      if (gone.length > 0) await there(REMOVE, gone.map((path) => `${path}\n`).join(""), []);
      sure(await rsync(), `rsync did not copy ${root} to ${host.name}`, TRY);
      await there(MARK, markerOf(of, sent), [MARKER]);
    },
  };
}

const TRY = "run it again: what is there is gone on with";

const count = (number: number, what: string): string =>
  `${number} ${number === 1 ? "file" : "files"} ${what}`;

const notAsked = (host: string, paths: readonly string[]): HomelabError =>
  new HomelabError(
    "confirmation-needed",
    `${count(paths.length, `on ${host} would be removed`)}, of which nobody knew before the login: ${someOf(paths)}`,
    { hint: "run it again: it asks about them then" },
  );

/** A copy of this repository: its files, or none of them yet. Throws where something else is there. */
async function ownCopy(target: HostTarget, machine: SshMachine, dir: string) {
  const of = await identityOf(target);
  const argv = ["sh", "-c", LOOK, "sh", dir, MARKER];
  const state = parseCopy((await machine.run(argv, { deadline: SHORT_MS, keep: KEEP_BYTES })).stdout);
  if (state.is === "empty") return { of, files: undefined };
  if (state.is === "copy" && state.of === of) return { of, files: state.files };
  const shown = shownDirectory(dir);
  const what =
    state.is === "copy" && state.of !== ""
      ? `is a copy of ${state.of}, not of ${of}`
      : `is there, and is no copy of ${of}`;
  throw new HomelabError("refused", `${shown} on ${target.host.name} ${what}`, {
    hint: `move it away, or name another directory with \`--to\`; where it is a copy of this after all: \`echo '${of}' >${shown}/${MARKER}\` there`,
  });
}

/** It takes rsync on both sides. */
async function requireRsync({ host, env }: HostTarget, machine: SshMachine): Promise<void> {
  const there = await machine.run(["rsync", "--version"], { deadline: SHORT_MS });
  const missing = [
    ...(Bun.which("rsync", { PATH: env.PATH ?? "" }) ? [] : ["this machine"]),
    ...(there.exitCode === 0 ? [] : [host.name]),
  ];
  if (missing.length === 0) return;
  throw new HomelabError("unavailable", `there is no rsync on ${missing.join(" and ")}`, {
    hint: "install it on both (on NixOS `environment.systemPackages = [ pkgs.rsync ];`), or take `--sync git`",
  });
}
