import { existsSync } from "node:fs";
import { HomelabError } from "../errors.ts";
import { withoutRepository } from "../git/words.ts";
import { runProcess } from "../process/runner.ts";

/** What NixOS has and no other system. */
const MARK = "/etc/NIXOS";
const SUDO_DEADLINE_MS = 10_000;
const LOG_LINES = 20;

/** Paths of a repository that a system is made from, relative to its root. */
export const SYSTEM_PATHS = ["nixos", "flake.nix", "flake.lock"];

export const isNixos = (): boolean => existsSync(MARK);

type Environment = Readonly<Record<string, string | undefined>>;

export interface RebuildPlace {
  /** The homelab repository. */
  readonly root: string;
  readonly exists: (path: string) => boolean;
}

/**
 * `nixos-rebuild switch` for the configuration of a repository: the flake at its root or in `nixos/`, else what
 * /etc/nixos leads to. `rollback`: back to the generation before.
 */
export function rebuildCommand({ root, exists }: RebuildPlace, options: { rollback: boolean }): string[] {
  if (options.rollback) return ["nixos-rebuild", "switch", "--rollback"];
  const flake = [root, `${root}/nixos`].find((dir) => exists(`${dir}/flake.nix`));
  return ["nixos-rebuild", "switch", ...(flake ? ["--flake", flake] : [])];
}

/**
 * The words in front of a command that only root may run: none for root, `sudo -n` where it asks no password.
 * Throws `permission` otherwise.
 */
export async function rootPrefix(uid: number | undefined, env: Environment): Promise<string[]> {
  if (uid === 0) return [];
  if (Bun.which("sudo", { PATH: env.PATH ?? "" })) {
    const { exitCode } = await runProcess(["sudo", "-n", "true"], { env, deadline: SUDO_DEADLINE_MS });
    if (exitCode === 0) return ["sudo", "-n"];
  }
  throw new HomelabError("permission", "a system update needs root, and `sudo` asks for a password here", {
    hint: "run it with `sudo`, or leave the system as it is with `--no-system`",
  });
}

export interface Rebuilt {
  readonly ok: boolean;
  /** `switched`, `timeout`, `interrupted` or `switch-failed`. */
  readonly code: string;
  /** One line: how it ended. */
  readonly detail: string;
  readonly log: readonly string[];
}

/** Runs `nixos-rebuild`. Throws `unavailable` when it is not there. */
export async function rebuild(
  argv: readonly string[],
  options: { env: Environment; deadline: number; signal: AbortSignal; onStuck?: () => void },
): Promise<Rebuilt> {
  // It calls git for a flake.
  const env = withoutRepository(options.env);
  const { exitCode, timedOut, cancelled, stderr } = await runProcess(argv, { ...options, env });
  if (exitCode === 0) return { ok: true, code: "switched", detail: "the system was switched", log: [] };
  const log = stderr
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .slice(-LOG_LINES);
  if (timedOut) return { ok: false, code: "timeout", detail: "nixos-rebuild was broken off", log };
  if (cancelled) return { ok: false, code: "interrupted", detail: "nixos-rebuild was broken off", log };
  // switch-to-configuration(8): the new system is active, and units of it are not.
  const detail =
    exitCode === 4
      ? "the system was switched, but units of it failed"
      : `nixos-rebuild ended with exit code ${exitCode}`;
  return { ok: false, code: "switch-failed", detail, log };
}
