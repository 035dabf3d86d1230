import type { ContainerDetails } from "../../docker/types.ts";
import type { ReleasedContainer, Sight } from "../../store/releases.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Restarts that make a loop, when they come soon after each other. */
const CRASHES = 3;
/**
 * How long a container that crashed since it was last seen ready must be up. The engine takes a life of 10 s for a
 * good one and begins its back-off anew, so one that dies every 11 s is found up nearly always.
 */
const PROOF = 15 * SECOND;
/** No run waits longer than this for such a container to prove itself. */
const PATIENCE = 30 * SECOND;
/** Lives that are longer than this on average are no loop, however many there were. */
const LONG_LIFE = 10 * MINUTE;
/** A life that outlasts so many of those before has broken the loop. */
const LIVES = 2;
/** Sights that are kept per container, and for how long: enough for a loop at `LONG_LIFE`. */
const SIGHTS = 12;
const KEPT = 4 * LONG_LIFE;

/** One container as the engine counts its restarts: since somebody last started it, a restart by hand included. */
export interface Counted {
  readonly restarts: number;
  /** Epoch milliseconds by the engine's clock. */
  readonly created: number;
  readonly startedAt: number;
  /** How long its present life has lasted, in milliseconds. */
  readonly age: number;
  readonly running: boolean;
  /** Times that the engine is to try again before it gives up by itself; 0: for ever. */
  readonly tries: number;
}

export interface Crashes {
  /** Restarts since it was last seen ready. */
  readonly count: number;
  /** When that was: epoch milliseconds. */
  readonly since: number;
  /** How long its present life must have lasted until it counts, in milliseconds; 0: it did not crash. */
  readonly proof: number;
  /** It keeps crashing, and to wait for the proof is no use. */
  readonly loop: boolean;
}

/**
 * What the restarts of a container say of it. `sights` are earlier looks at which it was ready, the oldest first;
 * `watched` is the look with which the present watch began, undefined for a single look.
 *
 * - It did not crash since it was last seen ready: nothing is asked of it beyond what is asked of everybody.
 * - It crashed: it has to be up for 15 s, and after three crashes in a row for twice as long as it lived on average.
 * - It is a loop when three crashes came within lives of less than ten minutes and that proof is not going to come:
 *   it is down, it crashed again under watch, or the proof takes longer than a run waits.
 */
export function crashesOf(now: Counted, sights: readonly Sight[], watched?: Sight): Crashes {
  const last = lastSeen(now, sights);
  const count = now.restarts - last.restarts;
  const none = { count, since: last.at, proof: 0, loop: false };
  if (count === 0) return none;
  const lives = shortLives(now, [...usable(now, sights), last, ...(watched ? [watched] : [])]);
  const proof = Math.max(PROOF, ...lives.map((life) => LIVES * life));
  if (now.running && now.age >= proof) return none;
  const again = watched !== undefined && now.restarts > watched.restarts;
  const hopeless = !now.running || again || proof - now.age > PATIENCE;
  const over = now.tries === 0 || now.restarts >= now.tries;
  return { ...none, proof, loop: lives.length > 0 && hopeless && over };
}

/** How long it lived on average since looks after which it crashed often, in milliseconds; good lives are left out. */
function shortLives({ restarts, startedAt }: Counted, looks: readonly Sight[]): number[] {
  return looks
    .filter((look) => restarts - look.restarts >= CRASHES)
    .map((look) => Math.max(0, startedAt - look.at) / (restarts - look.restarts))
    .filter((life) => life <= LONG_LIFE);
}

/** When it was last seen ready; for one that never was, when it was made. */
function lastSeen({ restarts, created }: Counted, sights: readonly Sight[]): Sight {
  const last = sights.at(-1);
  if (!last) return { at: created, restarts: 0 };
  // The engine counts anew: somebody started it since.
  return last.restarts > restarts ? { at: last.at, restarts: 0 } : last;
}

/** Those from which on the engine has not begun to count anew. */
function usable({ restarts }: Pick<Counted, "restarts">, sights: readonly Sight[]): Sight[] {
  const reset = sights.findLastIndex((sight) => sight.restarts > restarts);
  return sights.slice(reset + 1);
}

/** The looks to be remembered once a container was seen ready again. */
export function nextSights(sights: readonly Sight[], restarts: number, at: number): Sight[] {
  const before = usable({ restarts }, sights).filter(
    (sight) => at - sight.at <= KEPT && sight.restarts !== restarts,
  );
  return [...before, { at, restarts }].slice(-SIGHTS);
}

/** The looks that a release remembers; one that was made before they were kept has the last one. */
export const sightsOf = (known: ReleasedContainer | undefined): readonly Sight[] =>
  known === undefined ? [] : (known.sights ?? [{ at: known.startedAt, restarts: known.restarts }]);

export function counted(details: ContainerDetails, age: number): Counted {
  const { State, RestartCount, Created, HostConfig } = details;
  const { Name = "", MaximumRetryCount = 0 } = HostConfig.RestartPolicy ?? {};
  return {
    restarts: RestartCount,
    created: Date.parse(Created),
    startedAt: Date.parse(State.StartedAt),
    age,
    running: State.Status === "running",
    tries: Name === "on-failure" ? MaximumRetryCount : 0,
  };
}
