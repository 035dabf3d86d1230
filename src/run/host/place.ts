import { HomelabError } from "../../errors.ts";
import { type Machine, oncePerMachine } from "../../process/machine.ts";
import { Semaphore } from "../../process/semaphore.ts";
import { type Source, sendSource } from "../../units/host/source.ts";
import type { HostRequest, HostWork } from "./work.ts";

const DEADLINE_MS = 10_000;
const MAKE_LINKS = 'mktemp -d "${TMPDIR:-/tmp}/homelab-built-XXXXXX"';
/** What evaluating a system of NixOS takes, in KiB. */
const EVALUATION_KIB = 2.5 * 1024 * 1024;

/** Where a host's system is built, with the configuration at hand there. */
export interface Place {
  readonly on: Machine;
  /** As Nix there takes it. */
  readonly flake: string;
  /** A lock file there, instead of the flake's own. */
  readonly lock?: string | undefined;
  /** A file of the configuration there, as a person knows it: in the homelab. */
  own(file: string): string;
}

/** The places of one run. A machine that builds for several hosts is sent the configuration once. */
export class Places {
  private readonly sources = new Map<Machine, Promise<Source>>();
  private readonly linked = new Map<Machine, string>();
  private readonly limits: (machine: Machine) => Promise<Semaphore>;
  private readonly platform: (machine: Machine) => Promise<string | undefined>;

  /**
   * A directory on a machine for links to what is built there: it is no garbage until they are taken away. Undefined
   * where there is no room for it: what is built may then be taken for garbage by somebody else.
   */
  readonly links: (machine: Machine) => Promise<string | undefined>;

  constructor(
    private readonly request: Pick<
      HostRequest,
      "root" | "here" | "flake" | "lock" | "env" | "jobs" | "listener"
    >,
  ) {
    this.limits = oncePerMachine(async (machine) => new Semaphore(await atOnce(machine, request.jobs)));
    this.platform = oncePerMachine(platformOf);
    this.links = oncePerMachine(async (machine) => {
      const { exitCode, stdout } = await machine.run(["sh", "-c", MAKE_LINKS], { deadline: DEADLINE_MS });
      if (exitCode !== 0) return undefined;
      this.linked.set(machine, stdout.trim());
      return stdout.trim();
    });
  }

  /** Where the recipe or the command says; else here, or on the host where this machine has no Nix or is of another kind. */
  async of(
    { machine, builder, state }: HostWork,
    { signal, progress }: { readonly signal: AbortSignal; readonly progress: (note: string) => void },
  ): Promise<Place> {
    const { root, here, flake, lock, env } = this.request;
    const relative = (file: string) => (file.startsWith(`${root}/`) ? file.slice(root.length + 1) : file);
    const on = builder ?? (!machine.remote || (await this.canBuild(state?.platform)) ? here : machine);
    if (on === here) return { on, flake, lock, own: relative };
    let source = this.sources.get(on);
    if (!source) {
      progress(`sends the configuration to ${on.name}`);
      source = sendSource(here, on, flake, { env, lock, signal });
      this.sources.set(on, source);
    }
    const { dir, top, ...sent } = await source;
    return {
      on,
      flake: sent.flake,
      own: (file) => relative(file.replace(`${on.name}:${dir}/`, `${top}/`)),
    };
  }

  /** Evaluates something on a machine, as soon as its memory has room for that. */
  async evaluating<T>(machine: Machine, work: () => Promise<T>): Promise<T> {
    return (await this.limits(machine)).use(work);
  }

  /** Takes away what was sent, and the links. Where that cannot be done, the run is what it is all the same. */
  async leave(): Promise<void> {
    for (const sent of await Promise.allSettled(this.sources.values())) {
      if (sent.status === "rejected") continue;
      const { dir, remove } = sent.value;
      await this.tidy(`the configuration that was sent is left in ${dir}`, remove);
    }
    for (const [machine, dir] of this.linked)
      await this.tidy(`what was built is kept by links in ${dir} on ${machine.name}`, () =>
        machine.run(["rm", "-rf", "--", dir], { deadline: DEADLINE_MS }),
      );
  }

  private async tidy(left: string, remove: () => Promise<unknown>): Promise<void> {
    try {
      await remove();
    } catch (error) {
      if (!(error instanceof HomelabError)) throw error;
      this.request.listener.message(`${left}: ${error.message}`);
    }
  }

  /** Whether this machine has Nix, and builds what runs on `platform`, where that is known. */
  private async canBuild(platform: string | undefined): Promise<boolean> {
    const own = await this.platform(this.request.here);
    return own !== undefined && (platform === undefined || own === platform);
  }
}

/** `Linux x86_64`; undefined where there is no Nix. */
async function platformOf(machine: Machine): Promise<string | undefined> {
  const nix = await machine.run(["env", "nix", "--version"], { deadline: DEADLINE_MS });
  if (nix.exitCode !== 0) return undefined;
  return (await machine.run(["uname", "-sm"], { deadline: DEADLINE_MS })).stdout.trim();
}

/** How many evaluations a machine has memory for, at most `jobs`. */
async function atOnce(machine: Machine, jobs: number): Promise<number> {
  const { stdout } = await machine.run(["cat", "/proc/meminfo"], { deadline: DEADLINE_MS });
  return evaluationsFor(stdout, jobs);
}

/** The same, by what the machine says of its memory; where it says nothing, `jobs`. */
export function evaluationsFor(meminfo: string, jobs: number): number {
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1];
  if (available === undefined) return jobs;
  return Math.max(1, Math.min(jobs, Math.floor(Number(available) / EVALUATION_KIB)));
}
