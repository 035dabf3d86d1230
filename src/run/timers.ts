import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isNixos } from "../nix/rebuild.ts";
import { systemctl, systemctlOrFail } from "../systemd/systemctl.ts";
import {
  BOOT_SERVICE,
  DEPLOY_SERVICE,
  DEPLOY_TIMER,
  parseShow,
  parseTime,
  type TimersRequest,
  UNIT_DIRECTORY,
  unitFiles,
} from "../systemd/timers.ts";
import type { SetupStep } from "./setup/step.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The steps that let systemd run homelab: the unit files, and that they are in force. */
export function timerSteps(request: TimersRequest, env: Environment): SetupStep[] {
  const files = Object.entries(unitFiles(request));
  return [
    ...files.map(([name, text]) => unitFile(name, text, env)),
    ...[DEPLOY_TIMER, BOOT_SERVICE].map((name) => enabled(name, env)),
  ];
}

function unitFile(name: string, text: string, env: Environment): SetupStep {
  const path = join(UNIT_DIRECTORY, name);
  return {
    id: name,
    what: `the unit file ${path}`,
    root: true,
    async look() {
      if (!existsSync(path)) return { is: "to do", why: "write it" };
      if (readFileSync(path, "utf8") === text) return { is: "ok", why: "" };
      return { is: "to do", why: "it says something else: write it anew" };
    },
    async apply() {
      writeFileSync(path, text, { mode: 0o644 });
      await systemctlOrFail(["daemon-reload"], env);
      // A running timer goes on with the times that it was started with.
      if (name === DEPLOY_TIMER) await systemctlOrFail(["try-restart", name], env);
    },
  };
}

function enabled(name: string, env: Environment): SetupStep {
  const isTimer = name.endsWith(".timer");
  return {
    id: `enable ${name}`,
    what: isTimer ? `${name} is enabled and waits` : `${name} runs at boot`,
    root: true,
    async look() {
      const [is, active] = await Promise.all([
        systemctl(["is-enabled", name], env),
        systemctl(["is-active", name], env),
      ]);
      const good = is.exitCode === 0 && (!isTimer || active.exitCode === 0);
      return good
        ? { is: "ok", why: "" }
        : { is: "to do", why: `\`systemctl enable${isTimer ? " --now" : ""}\`` };
    },
    apply: () => systemctlOrFail(["enable", "--quiet", ...(isTimer ? ["--now"] : []), name], env),
  };
}

const serviceOf = (unit: string): string => unit.replace(/\.timer$/, ".service");

/** The timers of the NixOS module: one for each deployment. */
async function moduleTimers(env: Environment): Promise<string[]> {
  const words = ["list-unit-files", "--no-legend", "--plain", "homelab-deploy-*.timer"];
  const { stdout } = await systemctl(words, env);
  return [...stdout.matchAll(/^\S+\.timer/gm)].map(([name]) => name).sort();
}

/** What systemd says of a unit of ours. */
export interface UnitStatus {
  readonly unit: string;
  /** enabled | disabled | static | missing */
  readonly state: string;
  readonly next: Date | undefined;
  readonly last: Date | undefined;
  /** Of the last run: success, exit-code, signal, timeout; undefined before the first. */
  readonly result: string | undefined;
}

const ASKED =
  "Id,LoadState,UnitFileState,NextElapseUSecRealtime,ExecMainStartTimestamp,ExecMainExitTimestamp,Result";

/**
 * The timers with their next run, and the service at boot, each with how its last run ended. Those of `timers install`,
 * or those of the NixOS module, which has one for each deployment.
 */
export async function timerStatus(env: Environment): Promise<UnitStatus[]> {
  const deployments = await moduleTimers(env);
  const services = deployments.map(serviceOf);
  const { stdout } = await systemctl(
    ["show", `--property=${ASKED}`, DEPLOY_TIMER, DEPLOY_SERVICE, BOOT_SERVICE, ...deployments, ...services],
    env,
  );
  const units = new Map(parseShow(stdout).map((each) => [each.Id, each]));
  // Where the module has its own, these need not be there.
  const module = deployments.length > 0 || isNixos();
  const expected = (unit: string) => !module || units.get(unit)?.LoadState === "loaded";
  const told = [DEPLOY_TIMER, ...deployments, BOOT_SERVICE].filter(expected);
  return told.map((unit) => {
    const [own, does] = [units.get(unit), units.get(serviceOf(unit))];
    const ended = parseTime(does?.ExecMainExitTimestamp);
    return {
      unit,
      state: own?.LoadState === "loaded" ? own.UnitFileState || "loaded" : "missing",
      next: parseTime(own?.NextElapseUSecRealtime),
      last: parseTime(does?.ExecMainStartTimestamp),
      result: ended === undefined ? undefined : does?.Result,
    };
  });
}
