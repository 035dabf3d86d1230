import { delay, now } from "../../clock.ts";
import { HomelabError } from "../../errors.ts";
import type { Machine } from "../../process/machine.ts";
import type { UnitState } from "../../systemd/show.ts";
import type { StepContext } from "../driver.ts";
import { judgeUnit } from "./judge.ts";
import { lookAtUnits } from "./look.ts";

/** Between two looks, in milliseconds: here, and over ssh. */
const PAUSE_MS = { near: 200, far: 1_000 };
/** A connection that is lost is made anew; for so long its loss says nothing about the unit. */
const LOST_MS = 30_000;

export interface WatchRequest {
  readonly machine: Machine;
  readonly unit: string;
  /** It was started by this run: how long it has been up before says nothing. */
  readonly changed: boolean;
  /** How long it must stay up, and how long it may take until it is ready, in milliseconds. */
  readonly stable: number;
  readonly most: number;
  /** What its probes find wrong. */
  readonly unready: () => Promise<string | undefined>;
  /** Told what was seen at each look. */
  readonly see: (state: UnitState) => void;
}

export type Watched =
  | { readonly ok: true; readonly detail: string }
  /** `stopped`: the watch was broken off from outside. */
  | { readonly ok: false; readonly detail: string; readonly stopped: boolean };

/** The life of a unit that a watch looks at. */
interface Life {
  id: string;
  /** When the watch saw it first, in monotonic milliseconds. */
  since: number;
  /** Restarts before the watch, as systemd counts them; undefined until the first look. */
  restarts: number | undefined;
  /** Lives that came after the one of the first look. */
  further: number;
  /** When its machine answered last, in monotonic milliseconds. */
  answered: number;
}

/** Waits until a unit is up, stays up and answers. */
export async function watchUnit(request: WatchRequest, context: StepContext): Promise<Watched> {
  const began = now();
  const life: Life = { id: "", since: began, restarts: undefined, further: 0, answered: began };
  for (;;) {
    const seen = await lookAcross(request, life, context);
    if (typeof seen !== "string") return seen;
    if (context.stop.aborted || context.remaining() <= 0) return { ok: false, detail: seen, stopped: true };
    if (now() - began >= request.most)
      return { ok: false, detail: `not ready in time: ${seen}`, stopped: false };
    context.progress("verifying", seen);
    await delay(request.machine.remote ? PAUSE_MS.far : PAUSE_MS.near, context.stop);
  }
}

/** One look, over a connection that may be lost in between. */
async function lookAcross(
  request: WatchRequest,
  life: Life,
  context: StepContext,
): Promise<Watched | string> {
  try {
    const seen = await look(request, life, context);
    life.answered = now();
    return seen;
  } catch (error) {
    const lost = error instanceof HomelabError && error.code === "unavailable" && request.machine.remote;
    if (!lost || now() - life.answered >= LOST_MS) throw error;
    return error.message;
  }
}

/** One look. While nothing is decided, what is waited for. */
async function look(
  { machine, unit, changed, stable, unready, see }: WatchRequest,
  life: Life,
  context: StepContext,
): Promise<Watched | string> {
  const state = (await lookAtUnits(machine, [unit])).get(unit) as UnitState;
  see(state);
  note(state, life);
  const up = changed ? now() - life.since : Math.max(now() - life.since, ageOf(state));
  const { state: verdict, detail } = judgeUnit(state, { up, stable, again: againOf(state, life) });
  if (verdict === "failed" || verdict === "down") return { ok: false, detail, stopped: false };
  if (state.active === "active") context.opened("started");
  return verdict === "waiting" ? detail : ((await unready()) ?? { ok: true, detail });
}

function note({ life: id, restarts }: UnitState, life: Life): void {
  if (id !== life.id) {
    if (life.restarts !== undefined && id !== "") life.further++;
    Object.assign(life, { id, since: now() });
  }
  life.restarts ??= restarts;
}

/**
 * Systemd begins to count anew when a restart takes other units along, as that of a MicroVM does its interfaces; lives
 * that are over between two looks only systemd has counted.
 */
const againOf = ({ restarts }: UnitState, { restarts: before = 0, further }: Life): number =>
  Math.max(further, restarts - before);

const ageOf = ({ since, active }: UnitState): number =>
  active === "active" && since !== undefined ? Math.max(0, Date.now() - since) : 0;
