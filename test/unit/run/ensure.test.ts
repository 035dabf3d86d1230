import { expect, test } from "bun:test";
import { now } from "../../../src/clock.ts";
import { HomelabError } from "../../../src/errors.ts";
import type { StepReport } from "../../../src/plan/types.ts";
import { type EnsureRequest, ensureSteps } from "../../../src/run/ensure.ts";
import { StopSwitch } from "../../../src/run/stop.ts";
import type { HoldBook } from "../../../src/store/held.ts";
import type { Store } from "../../../src/store/store.ts";
import type { Decided, Driver } from "../../../src/units/driver.ts";
import { bookOf, service } from "../books.ts";

/** One service of an engine in memory. */
interface Unit {
  /** Whose network it shares. */
  readonly of?: string;
  /** Seen ready before: nothing is waited for. */
  readonly known?: boolean;
  readonly refused?: HomelabError;
  /** Cannot be started. */
  readonly broken?: boolean;
  /** Goes down while it is verified for the first time. */
  dies?: "before its gate" | "after its gate" | undefined;
  up?: boolean;
  /** How often it was started; of its lender, when it joined. */
  life?: number;
  joined?: number;
}

const BOOK = bookOf([
  service("vpn"),
  service("tor", { needs: [{ name: "vpn", when: "healthy" }] }),
  service("web", { needs: [{ name: "tor", when: "healthy" }] }),
  service("far"),
]);

/** Services in memory, all up; those that share a network are dead in it once their lender was started again. */
function engine(units: Record<string, Unit>) {
  const did: string[] = [];
  const own = (name: string) => units[name] as Unit;
  const lender = (name: string) => own(own(name).of ?? "");
  for (const unit of Object.values(units)) Object.assign(unit, { up: true, life: 0, joined: 0 });
  const touched = new Set<string>();
  const decisions = new Map<string, Decided>();
  const decide = (name: string): Decided => {
    const { up, known = false, of, joined, refused } = own(name);
    const told = (action: Decided["action"], text: string, settled = false): Decided => ({
      ...{ action, settled, reason: { code: text, text } },
      effect: action === "none" ? "read" : "write",
    });
    const lost = of !== undefined && (touched.has(of) || joined !== lender(name).life);
    if (up && !lost) return told("none", known ? "ready" : "starting", known);
    const problem = refused && { action: "blocked" as const, effect: "read" as const, problem: refused };
    return { ...(up ? told("repair", "network-lost") : told("start", "stopped")), ...problem };
  };
  const driver: Driver = {
    kind: "service",
    observe: async () => touched.clear(),
    admit: () => {},
    async decide(name) {
      const decided = decide(name);
      if (decided.effect !== "read") touched.add(name);
      decisions.set(name, decided);
      return decided;
    },
    prepare: async () => {},
    fetch: async () => undefined,
    async apply(name) {
      const { action } = decisions.get(name) as Decided;
      if (action === "none") return { ok: true, changed: false };
      did.push(`${action} ${name}`);
      const unit = own(name);
      const reason = { code: "port-taken", text: "port taken" };
      if (unit.broken) return { ok: false, reason, detail: reason.text };
      Object.assign(unit, { up: true, life: (unit.life ?? 0) + 1, joined: unit.of && lender(name).life });
      return { ok: true, changed: true };
    },
    async verify(name, context) {
      const unit = own(name);
      if (!unit.dies) return { ok: true, detail: "up" };
      if (unit.dies === "after its gate") {
        context.opened("healthy");
        // Those that wait for it go on.
        await new Promise(setImmediate);
      }
      unit.dies = undefined;
      unit.up = false;
      const reason = { code: "not-ready", text: "exited" };
      return { ok: false, reason, detail: "exited", wentDown: true };
    },
    isUp: (name) => own(name).up === true,
    stop: () => Promise.reject(new Error("nothing is stopped")),
    lenders: async () => new Set<string>(),
    fallout: (names) =>
      Object.entries(units).flatMap(([name, { of = "" }]) =>
        !names.has(name) && touched.has(of) ? [{ name, of }] : [],
      ),
  };
  return { driver, did };
}

async function ensureOf(units: Record<string, Unit>, targets: string[], more: Partial<EnsureRequest> = {}) {
  const { driver, did } = engine(units);
  const nothing = () => {};
  const reports = await ensureSteps(
    {
      ...{ book: BOOK, targets, outright: new Set<string>(), force: false, withNeeds: true, jobs: 2 },
      drivers: new Map([["service" as const, driver]]),
      holds: { get: nothing, drop: nothing } as unknown as HoldBook,
      store: undefined as unknown as Store,
      stop: new StopSwitch(),
      command: "ensure",
      listener: {
        ...{ started: nothing, progress: nothing, finished: nothing, message: nothing, ended: nothing },
      },
      ...more,
    },
    now(),
  );
  const lines = reports.map(({ id, action, result }: StepReport) => `${id} ${action} ${result}`);
  return { did, lines };
}

test.each(["before its gate", "after its gate"] as const)(
  "what shares the network of a service that goes down %s, and is started again, is repaired after it",
  async (dies) => {
    const units = { vpn: { dies }, tor: { of: "vpn", known: true }, web: { of: "tor", known: true } };
    expect(await ensureOf(units, ["web"])).toEqual({
      did: ["start vpn", "repair tor", "repair web"],
      lines: ["vpn start changed", "tor repair changed", "web repair changed"],
    });
  },
);

test("what needs such a service and shares nothing with it is looked at, and left alone", async () => {
  const units: Record<string, Unit> = { vpn: { dies: "after its gate" }, tor: { known: true }, web: {} };
  expect(await ensureOf(units, ["web"])).toEqual({
    did: ["start vpn"],
    lines: ["vpn start changed", "tor none unchanged", "web none unchanged"],
  });
});

test("what shares its network outside of what was asked for is repaired, too", async () => {
  const units: Record<string, Unit> = {
    vpn: { dies: "before its gate" },
    far: { of: "vpn", known: true },
  };
  expect(await ensureOf(units, ["vpn"])).toEqual({
    did: ["start vpn", "repair far"],
    lines: ["vpn start changed", "far repair changed"],
  });
});

test("when it cannot be started again, what shares its network is left alone, and blocked by it", async () => {
  const units: Record<string, Unit> = {
    vpn: { dies: "before its gate", broken: true },
    tor: { of: "vpn", known: true },
    far: { of: "vpn", known: true },
  };
  expect(await ensureOf(units, ["tor"])).toEqual({
    did: ["start vpn"],
    lines: ["vpn start failed", "tor none blocked", "far repair blocked"],
  });
});

test("one of them that is refused fails, and the rest is told", async () => {
  const refused = new HomelabError("variable-unset", "TOKEN is not set");
  const units = () => ({
    vpn: { dies: "before its gate" as const },
    far: { of: "vpn", known: true, refused },
    tor: { of: "vpn", known: true, refused },
  });
  expect((await ensureOf(units(), ["vpn"])).lines).toEqual([
    "vpn start changed",
    "tor blocked failed",
    "far blocked failed",
  ]);
  expect((await ensureOf(units(), ["tor"], { stopAtFailure: true })).lines).toEqual([
    "vpn start changed",
    "tor none failed",
    "far blocked failed",
  ]);
});

test("a service that was asked for is made anew also when what it needs went down meanwhile", async () => {
  const asked: boolean[] = [];
  const { driver, did } = engine({ vpn: { dies: "before its gate" }, tor: { of: "vpn", known: true } });
  const decide: Driver["decide"] = (name, options) => {
    if (name === "tor") asked.push(options.force);
    return driver.decide(name, options);
  };
  const drivers = new Map([["service" as const, { ...driver, decide }]]);
  await ensureOf({}, ["tor"], { drivers, force: true });
  expect([asked, did]).toEqual([
    [true, true],
    ["start vpn", "repair tor"],
  ]);
});
