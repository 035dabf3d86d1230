import { HomelabError } from "../../../errors.ts";
import { quoteWord } from "../../../ssh/quote.ts";
import { ok, type SetupStep, todo } from "../../setup/step.ts";
import { breakable, makeDirectory, shownDirectory, sure } from "./directory.ts";
import type { Entrance } from "./entrance.ts";
import { type HostTarget, LATER, SHORT_MS } from "./target.ts";

const DEADLINE_MS = 30 * 60_000;
const KEEP_BYTES = 16 * 1024 * 1024;
/** Says in a directory there that it is a copy, in which what is not here is removed. */
export const MARKER = ".homelab-sync";
/**
 * History, documents, and links into the store of this machine. `.env` files go along: services there need them, and
 * their modes with them.
 */
const EXCLUDED = ["/.git", "/docs", "/result", "/result-*", `/${MARKER}`];

/** What a run of rsync would do, from `--itemize-changes`: files that are sent, and those that are removed. */
export function parseItems(text: string): { readonly sent: number; readonly removed: number } {
  const lines = text.split("\n");
  return {
    sent: lines.filter((line) => /^(?:[<>ch.][fLDS]|cd\+)/.test(line)).length,
    removed: lines.filter((line) => line.startsWith("*deleting ")).length,
  };
}

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
      ...["rsync", "-a", "--no-owner", "--no-group", "--delete", ...flags],
      ...EXCLUDED.map((pattern) => `--exclude=${pattern}`),
      ...["-e", `ssh -F ${quoteWord(settings)}`, "--", `${root.replace(/\/*$/, "")}/`, `${to}:${dir}/`],
    ];
    return breakable((more) =>
      here.run(argv, { ...more, english: true, deadline: DEADLINE_MS, keep: KEEP_BYTES }),
    );
  };
  return {
    async look() {
      if (!(await entrance.isOpenToKey())) return todo(`${LATER}, and copied by rsync`);
      await requireRsync(target, entrance);
      if ((await stateOf(entrance, dir)) !== "ours") return todo("copy it by rsync");
      const dry = sure(
        await rsync("--dry-run", "--itemize-changes"),
        `rsync cannot compare it with ${shown}`,
        TRY,
      );
      const { sent, removed } = parseItems(dry.stdout);
      if (sent + removed === 0) return ok("it is as it is here");
      return todo(`${count(sent, "to be copied")}, ${count(removed, "to be removed there")}`);
    },
    async apply() {
      const machine = await entrance.machine();
      if (!machine) return;
      const state = await stateOf(entrance, dir);
      if (state === "foreign")
        throw new HomelabError(
          "refused",
          `${shown} on ${host.name} has something that was not copied there from here`,
          {
            hint: `rsync would remove it: move it away, or name another directory with \`--to\`; where it is a copy after all: \`touch ${shown}/${MARKER}\` there`,
          },
        );
      await makeDirectory(machine, dir);
      const marked = await machine.run(["touch", `${dir}/${MARKER}`], { deadline: SHORT_MS });
      sure(marked, `${shown} on ${host.name} cannot be written`, "see whose it is");
      sure(await rsync(), `rsync did not copy ${root} to ${host.name}`, TRY);
    },
  };
}

const TRY = "run it again: what is there is gone on with";

const count = (number: number, what: string): string =>
  `${number} ${number === 1 ? "file" : "files"} ${what}`;

/** Whether the directory there is a copy that was made from here, nothing yet, or something else. */
async function stateOf(entrance: Entrance, dir: string): Promise<"ours" | "empty" | "foreign"> {
  const machine = await entrance.machine();
  const script =
    'if [ -e "$1/$2" ]; then echo ours; elif [ -z "$(ls -A "$1" 2>/dev/null)" ]; then echo empty; else echo foreign; fi';
  const asked = await machine?.run(["sh", "-c", script, "sh", dir, MARKER], { deadline: SHORT_MS });
  const word = asked?.stdout.trim();
  return word === "ours" || word === "empty" ? word : "foreign";
}

/** It takes rsync on both sides. */
async function requireRsync({ host, env }: HostTarget, entrance: Entrance): Promise<void> {
  const machine = await entrance.machine();
  const there = await machine?.run(["rsync", "--version"], { deadline: SHORT_MS });
  const missing = [
    ...(Bun.which("rsync", { PATH: env.PATH ?? "" }) ? [] : ["this machine"]),
    ...(there?.exitCode === 0 ? [] : [host.name]),
  ];
  if (missing.length === 0) return;
  throw new HomelabError("unavailable", `there is no rsync on ${missing.join(" and ")}`, {
    hint: "install it on both (on NixOS `environment.systemPackages = [ pkgs.rsync ];`), or take `--sync git`",
  });
}
