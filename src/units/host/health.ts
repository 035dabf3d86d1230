import { formatBytes } from "../../os/bytes.ts";
import type { Connected } from "../../plan/host-report.ts";
import type { Measure, ServiceLook } from "./measure.ts";

/** A service that was restarted by systemd, and so recently, was not well before either. */
const RECENT_S = 600;
/** From here on it is better known: shares of memory available, of a disk and of a unit's memory in use. */
const LEAST_MEMORY = 0.05;
const MOST_DISK = 0.9;
const MOST_OF_UNIT = 0.85;
/** How many units are told of by name. */
const NAMED = 5;

/** A service has died and is going to be restarted by systemd; one that has done its work is not dead. */
const waits = ({ sub, result }: ServiceLook): boolean =>
  sub.startsWith("auto-restart") && result !== "success";

/** Which services systemd had to restart, from look to look. */
export class Restarts {
  private readonly last = new Map<string, number>();
  private readonly grown = new Map<string, number>();
  /** Services that were restarted again and again before. */
  private readonly old = new Set<string>();
  /** Services that were seen to have died, or were restarted more than once. */
  private readonly dead = new Set<string>();

  constructor(before: Pick<Measure, "services" | "at"> | undefined) {
    for (const [unit, look] of before?.services ?? []) {
      const recent = look.started !== undefined && (before?.at ?? 0) - look.started < RECENT_S;
      if (waits(look) || (look.restarts > 0 && recent)) this.old.add(unit);
      this.last.set(unit, look.restarts);
    }
  }

  /**
   * Services that crashed since the look before this one, and had not been crashing before. One that is restarted once
   * may have come to its end as it should: a console whose user logged out.
   */
  see(services: Measure["services"]): string[] {
    const crashed: string[] = [];
    for (const [unit, look] of services) {
      const last = this.last.get(unit) ?? 0;
      // Whoever starts a service sets its count back to zero.
      const more = look.restarts >= last ? look.restarts - last : look.restarts;
      this.last.set(unit, look.restarts);
      const grown = (this.grown.get(unit) ?? 0) + more;
      if (more > 0) this.grown.set(unit, grown);
      if (waits(look) || grown > 1) this.dead.add(unit);
      if ((more > 0 || waits(look)) && this.dead.has(unit) && !this.old.has(unit)) crashed.push(unit);
    }
    return crashed;
  }

  /** Services that crashed at any time since the switch, and had not been crashing before. */
  crashed(): string[] {
    return [...this.dead].filter((unit) => !this.old.has(unit));
  }

  /** What came of it, in lines. */
  warnings(): { readonly unit: string; readonly text: string }[] {
    return [...this.grown].map(([unit, count]) => ({
      unit,
      text: this.old.has(unit)
        ? `crashes again and again, as it did before (restarted ${times(count)} since the switch)`
        : `${this.dead.has(unit) ? "crashed" : "came to an end"}, and was restarted ${times(count)}`,
    }));
  }

  /** Of one that crashed, as a clause. */
  clause(unit: string): string {
    const count = this.grown.get(unit) ?? 0;
    return count === 0
      ? `${unit} crashed, and waits to be restarted`
      : `${unit} crashes (restarted ${times(count)} since the switch)`;
  }
}

const times = (count: number): string => (count === 1 ? "once" : `${count} times`);

/** What keeps a system from being called well, and may yet pass, as a clause: units that are critical. */
export function idleUnit({ systemd, asked }: Pick<Measure, "systemd" | "asked">): string | undefined {
  if (["", "offline", "unknown"].includes(systemd)) return "systemd does not answer";
  if (systemd === "maintenance") return "it is in rescue or emergency mode";
  for (const { unit, active, sub } of asked.values())
    if (active !== "active") return `${unit}, which is critical, is ${active} (${sub})`;
  return undefined;
}

type Network = Pick<Measure, "route" | "route6" | "resolves" | "tailscale">;

/** The same: what it could be reached by, or could reach itself, before. */
export function lostNetwork(before: Network, after: Network): string | undefined {
  // One of another family may take long to be told of by a router.
  if ((before.route || before.route6) && !after.route && !after.route6) return "it has no default route";
  if (before.resolves && !after.resolves) return "it finds no addresses of names (DNS)";
  // Where it is no part of the new system, that is what was asked for.
  if (before.tailscale === "Running" && after.tailscale !== undefined && after.tailscale !== "Running")
    return `Tailscale is not connected (${after.tailscale})`;
  return undefined;
}

/** What it can do of what it could before. */
export function connected(before: Network, after: Network, ssh: boolean | null): Connected {
  const had = (was: boolean, is: boolean) => (was ? is : null);
  return {
    ssh,
    route: had(before.route || before.route6, after.route || after.route6),
    dns: had(before.resolves, after.resolves),
    tailscale: had(before.tailscale === "Running", after.tailscale === "Running"),
  };
}

/** What is no reason to go back, and better known; a line each. `blamed`: units of which it is said elsewhere. */
export function warningsOf(
  before: Measure,
  after: Measure,
  restarts: Pick<Restarts, "warnings">,
  blamed: ReadonlySet<string> = new Set(),
): string[] {
  const { route, route6, tailscale } = before;
  const other = <T extends { readonly unit: string }>(all: readonly T[]) =>
    all.filter(({ unit }) => !blamed.has(unit));
  return [
    ...other(restarts.warnings()).map(({ unit, text }) => `${unit} ${text}`),
    ...(route && !after.route ? ["it has no default route of IPv4 any more"] : []),
    ...(route6 && !after.route6 ? ["it has no default route of IPv6 any more"] : []),
    ...(tailscale === "Running" && after.tailscale === undefined ? ["it has no Tailscale any more"] : []),
    ...scarce(after),
    ...errorLines(other(after.errors)),
  ];
}

function scarce({ memory, disks, services }: Measure): string[] {
  const near = crowded(services).map(
    ({ unit, memory, most }) =>
      `${unit} uses ${formatBytes(memory)} of its MemoryMax of ${formatBytes(most)} (${percent(memory / most)})`,
  );
  const full = disks.filter(({ total, free }) => total > 0 && 1 - free / total > MOST_DISK);
  return [
    ...(memory && memory.available / memory.total < LEAST_MEMORY
      ? [`only ${formatBytes(memory.available)} of ${formatBytes(memory.total)} of memory are available`]
      : []),
    ...full.map(
      ({ path, total, free }) => `${path} is ${percent(1 - free / total)} full (${formatBytes(free)} free)`,
    ),
    ...near,
  ];
}

/** Services that use nearly all the memory that they may, those first that are nearest. */
export const crowded = (services: Measure["services"]) =>
  [...services]
    .flatMap(([unit, { memory, most }]) =>
      memory !== undefined && most !== undefined && most > 0 && memory / most > MOST_OF_UNIT
        ? [{ unit, memory, most }]
        : [],
    )
    .toSorted((a, b) => b.memory / b.most - a.memory / a.most);

function errorLines(errors: Measure["errors"]): string[] {
  const lines = errors.slice(0, NAMED).map(({ unit, count, lines }) => {
    const what = count === 1 ? "a new error" : `${count} new errors`;
    return `${unit} has ${what} in the journal: ${lines[0]}`;
  });
  const rest = errors.length - lines.length;
  return rest > 0 ? [...lines, `${rest} more ${rest === 1 ? "unit has" : "units have"} new errors`] : lines;
}

/** Services that run, and those that are to: what has come to its end as it should does not count. */
export function running(services: Measure["services"]): { running: number; of: number } {
  const looks = [...services.values()];
  const up = looks.filter(({ active, sub }) => active === "active" && sub === "running").length;
  const down = looks.filter((look) => look.active === "failed" || waits(look)).length;
  return { running: up, of: up + down };
}

/** `85 %` */
export const percent = (share: number): string => `${Math.round(share * 100)} %`;
