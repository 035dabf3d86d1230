import { notHere, type SetupStep } from "../../setup/step.ts";
import { shownDirectory } from "./directory.ts";
import type { Entrance } from "./entrance.ts";
import { gitSync } from "./sync-git.ts";
import { rsyncSync } from "./sync-rsync.ts";
import type { HostTarget } from "./target.ts";

export type SyncWay = "rsync" | "git" | "none";

/** Where the repository goes there: absolute, or relative to the home directory. */
export interface SyncTo {
  readonly way: SyncWay;
  readonly dir: string;
}

/** The homelab in its place on the host, for what runs there. */
export function syncStep(target: HostTarget, entrance: Entrance, { way, dir }: SyncTo): SetupStep {
  const base = {
    id: "sync",
    what: `the repository in ${shownDirectory(dir)} on ${target.host.name}`,
    root: false,
  };
  if (way === "rsync") return { ...base, ...rsyncSync(target, entrance, dir) };
  if (way === "git") return { ...base, ...gitSync(target, entrance, dir) };
  return {
    ...base,
    what: `the repository on ${target.host.name}`,
    async look() {
      return notHere("not asked for: `--sync git` or `--sync rsync`");
    },
    async apply() {},
  };
}
