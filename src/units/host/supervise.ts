import { delay, now } from "../../clock.ts";
import { HomelabError } from "../../errors.ts";
import type { Machine } from "../../process/machine.ts";
import type { ProcessResult } from "../../process/runner.ts";
import { SshMachine } from "../../ssh/machine.ts";
import { afterReboot, isEnd, parseState, type SupervisorState } from "./state.ts";
import SCRIPT from "./supervise.sh" with { type: "text" };

/** A system in the store, and nothing else that words could be made of. */
const SYSTEM = /^\/nix\/store\/[0-9a-z]{32}-[\w+.?=-]+$/;
/** Where programs are on NixOS, which has none in the usual places, and on what only has Nix. */
const PATHS =
  "/run/wrappers/bin:/nix/var/nix/profiles/default/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const SHORT_MS = 30_000;
const PAUSE_MS = 400;
/** How much longer than a host waits to be confirmed it may not be reached, until nobody waits for it any more. */
const UNREACHED_MS = 120_000;
const KEEP_BYTES = 256 * 1024;
const DIRECTORY = "/run/homelab/deploy";

/**
 * What is done with a system: into force and what boots; into force, but what boots stays as it is; or what boots, and
 * what runs stays as it is.
 */
export type Goal = "switch" | "test" | "boot";

/** A switch of a host from one system to another. */
export interface Switch {
  /** Unique, of letters, digits and hyphens. */
  readonly id: string;
  readonly before: string;
  readonly after: string;
  readonly goal: Goal;
  /** The generation of the profile to go to; undefined makes a new one. */
  readonly generation?: number | undefined;
  /** How long the activation may take, in seconds. */
  readonly limit: number;
  /** For how long the host waits to be told that the new system is good, in seconds. */
  readonly patience: number;
  /** Who does it, for others who want to at the same time. */
  readonly holder: string;
}

/** Anybody may see what goes on; what the activation says is for root alone. */
const PREPARE =
  'umask 077; mkdir -p /run/homelab/deploy && mkdir "$1" && : >"$1/log" && cat >"$1/supervise"; r=$?; chmod 711 /run/homelab /run/homelab/deploy "$1"; find /run/homelab/deploy -mindepth 1 -maxdepth 1 -mtime +0 -exec rm -rf {} +; exit $r';
const DECIDE =
  'printf "%s\\n" "$2" >"$1/asked.$$" && ln "$1/asked.$$" "$1/decision" 2>/dev/null; cat "$1/decision"';

/** Its directory is there before it is started: where it is not, the host has booted since. */
const STATE = 'if [ ! -d "$1" ]; then echo gone; elif [ -e "$1/state" ]; then cat "$1/state"; fi';
/** Tells that somebody waits for it, and will judge it. */
const BEAT =
  'umask 022; read -r up _ </proc/uptime; echo "$up" >"$1/seen.$$" && mv -f "$1/seen.$$" "$1/seen"';
/** The same for somebody new, when nobody has been heard of since the beat that is named: of two at once one succeeds. */
const CLAIM = `exec 8>>"$1/claim"; flock -n 8 && [ "$(cat "$1/seen" 2>/dev/null)" = "$2" ] && { ${BEAT}; }`;
const BEAT_MS = 2_000;
/** For how long it still waits, in seconds. */
const LEFT = 'read -r up _ </proc/uptime; read -r until <"$1/until" && echo "$((until - ${up%.*}))"';

/** The supervisor of one switch: it runs on the host by itself, whatever becomes of us. */
export class Supervisor {
  private readonly dir: string;

  constructor(
    private readonly machine: Machine,
    private readonly wanted: Switch,
  ) {
    this.dir = `${DIRECTORY}/${wanted.id}`;
  }

  /** Starts it. Throws when it could not be started: then nothing was changed. */
  async start(): Promise<void> {
    const { id, before, after, goal, generation, limit, patience, holder } = this.wanted;
    for (const path of [before, after])
      if (!SYSTEM.test(path))
        throw new HomelabError("refused", `${path} is not a system in the store of Nix`, {
          hint: `see \`ls -l /run/current-system\` on ${this.machine.name}`,
        });
    await this.sure(["sh", "-c", PREPARE, "sh", this.dir], SCRIPT);
    const words = [this.dir, before, after, goal, String(generation ?? "-"), String(limit), String(patience)];
    const script = ["/bin/sh", `${this.dir}/supervise`];
    await this.sure([
      ...["systemd-run", `--unit=homelab-switch-${id}`, "--collect", "--no-ask-password", "--quiet"],
      "--service-type=exec",
      `--description=homelab: switch to ${after}`,
      `--setenv=PATH=${before}/sw/bin:${PATHS}`,
      "--setenv=LC_ALL=C",
      ...[
        `--property=StandardOutput=append:${this.dir}/log`,
        `--property=StandardError=append:${this.dir}/log`,
      ],
      `--property=ExecStopPost=${[...script, "end", ...words].join(" ")}`,
      ...[`--property=TimeoutStopSec=${limit + 120}`, "--property=OOMPolicy=continue"],
      ...[...script, "run", ...words, holder.replace(/[^\w @.:,-]/g, "")],
    ]);
  }

  /** Has the host know, until the signal fires, that somebody waits for it. What does not reach it now may next time. */
  async attend(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.shell(BEAT, [], signal);
      } catch (error) {
        if (!(error instanceof HomelabError)) throw error;
      }
      await delay(BEAT_MS, signal);
    }
  }

  /** Whether it is ours now, of whom nobody was heard since `seen`. */
  async claim(seen: string): Promise<boolean> {
    return (await this.shell(CLAIM, [seen])).exitCode === 0;
  }

  /** For how many seconds it still waits to be told that the new system is good; undefined after a reboot. */
  async left(): Promise<number | undefined> {
    const { exitCode, stdout } = await this.shell(LEFT, []);
    return exitCode === 0 ? Number(stdout) : undefined;
  }

  private shell(script: string, words: readonly string[], signal?: AbortSignal): Promise<ProcessResult> {
    const argv = ["sh", "-c", script, "sh", this.dir, ...words];
    return this.machine.run(argv, { root: true, deadline: SHORT_MS, signal });
  }

  /** What it is at; undefined before it has said anything, `gone` after a reboot. Throws when it cannot be asked. */
  private async state(): Promise<SupervisorState | "gone" | undefined> {
    const { exitCode, stdout } = await this.shell(STATE, []);
    if (exitCode === 0) return parseState(stdout) ?? (stdout === "gone\n" ? "gone" : undefined);
    throw new HomelabError("unavailable", `${this.machine.name} does not say what it is at`);
  }

  private async current(): Promise<string> {
    const options = { root: true, deadline: SHORT_MS };
    return (await this.machine.run(["readlink", "-f", "/run/current-system"], options)).stdout.trim();
  }

  /** All that the activation said so far. */
  readonly log = (): Promise<string> => this.read("log");
  /** The units that had failed right before it. */
  readonly failedBefore = (): Promise<string> => this.read("failed");

  /**
   * Waits until it is at one of `states`, or at its end, and tells of each state. A host that cannot be reached is
   * asked again: the connection may be cut by the switch. Undefined when it takes longer than `most` milliseconds, or
   * cannot be reached for longer than it waits itself, or than it takes until it does.
   */
  async until(
    states: readonly SupervisorState["state"][],
    most: number,
    see: (state: SupervisorState | undefined, trouble?: HomelabError) => void,
    signal?: AbortSignal,
  ): Promise<SupervisorState | undefined> {
    const begun = now();
    let reached = begun;
    const { patience, limit } = this.wanted;
    const longest = (states.includes("waiting") ? limit + patience : patience) * 1000 + UNREACHED_MS;
    while (now() - begun < most && now() - reached < longest && !signal?.aborted) {
      try {
        const state = await this.state();
        reached = now();
        if (state === "gone") return afterReboot(await this.current(), this.wanted);
        if (state && (isEnd(state) || states.includes(state.state))) return state;
        see(state);
      } catch (error) {
        if (!(error instanceof HomelabError) || error.code !== "unavailable") throw error;
        see(undefined, error);
      }
      await delay(PAUSE_MS, signal);
    }
    return undefined;
  }

  /**
   * Tells it that the new system is good, over a connection of its own, or that it is to go back. Gives what was
   * decided: it may have gone back already.
   */
  async decide(decision: "commit" | "unhealthy" | "abandoned"): Promise<string> {
    const argv = ["sh", "-c", DECIDE, "sh", this.dir, decision];
    const options = { root: true, deadline: SHORT_MS };
    const { machine } = this;
    const anew = machine instanceof SshMachine;
    const { stdout } = anew ? await machine.runAnew(argv, options) : await machine.run(argv, options);
    return stdout.trim();
  }

  private async read(file: "log" | "failed"): Promise<string> {
    const options = { root: true, deadline: SHORT_MS, keep: KEEP_BYTES };
    return (await this.machine.run(["cat", `${this.dir}/${file}`], options)).stdout;
  }

  private async sure(argv: readonly string[], stdin?: string): Promise<void> {
    const { name } = this.machine;
    const { exitCode, stderr } = await this.machine.run(argv, { root: true, deadline: SHORT_MS, stdin });
    if (exitCode === 0) return;
    const said = stderr.trim().split("\n").at(-1) || `\`${argv[0]}\` failed`;
    throw new HomelabError("step-failed", `the switch could not be begun on ${name}: ${said}`, {
      hint: "nothing was changed; systemd has to run there, and /run must be writable",
    });
  }
}
