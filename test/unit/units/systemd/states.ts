import type { UnitState } from "../../../../src/systemd/show.ts";

/** A service that was never started, with changes. */
export const unit = (change: Partial<UnitState> = {}): UnitState => ({
  ...{ unit: "a.service", load: "loaded", active: "inactive", sub: "dead", result: "success" },
  ...{ type: "simple", remains: false, condition: true, ran: false, exit: 0, restarts: 0 },
  ...{ queued: false, life: "", since: undefined, memory: undefined },
  ...change,
});

export const NOW = 1_795_258_300_000;

/** Up for so many seconds. */
export const running = (seconds = 60, change: Partial<UnitState> = {}): UnitState =>
  unit({
    ...{ active: "active", sub: "running", ran: true, life: "1", since: NOW - seconds * 1000 },
    ...change,
  });

export const failed = (change: Partial<UnitState> = {}): UnitState =>
  unit({ active: "failed", sub: "failed", result: "exit-code", exit: 7, ran: true, life: "1", ...change });

export const between = (change: Partial<UnitState> = {}): UnitState =>
  failed({ active: "activating", sub: "auto-restart", ...change });
