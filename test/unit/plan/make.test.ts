import { describe, expect, test } from "bun:test";
import type { Book, Recipe } from "../../../src/book/types.ts";
import { HomelabError, Problems } from "../../../src/errors.ts";
import { makePlan, type PlanRequest } from "../../../src/plan/make.ts";
import type { Plan } from "../../../src/plan/types.ts";
import type { Decided, Driver } from "../../../src/units/driver.ts";
import { bookOf, service } from "../books.ts";

const impossible = new HomelabError("variable-unset", "required variable `TOKEN` is not set");

/** A driver for services in memory: nothing is to be done for any of them, except what `decisions` says. */
function driver(
  decisions: Readonly<Record<string, Partial<Decided>>> = {},
  up: readonly string[] = [],
  lenders: Readonly<Record<string, readonly string[]>> = {},
): Driver & { asked: string[] } {
  const asked: string[] = [];
  return {
    kind: "service",
    asked,
    async observe(recipes) {
      asked.push(`observe ${recipes.map(({ name }) => name).join(" ")}`);
    },
    async decide(name, { force }) {
      asked.push(`decide ${name}${force ? " --force" : ""}`);
      const reason = { code: "up-to-date", text: "ready and up to date" };
      return { action: "none", reason, effect: "read", settled: true, ...decisions[name] };
    },
    prepare: () => Promise.reject(new Error("a plan changes nothing")),
    fetch: () => Promise.reject(new Error("a plan changes nothing")),
    apply: () => Promise.reject(new Error("a plan changes nothing")),
    verify: () => Promise.reject(new Error("a plan changes nothing")),
    stop: () => Promise.reject(new Error("a plan changes nothing")),
    isUp: (name) => up.includes(name),
    admit: () => {},
    lenders: async (name) => new Set(lenders[name] ?? []),
    fallout: () => [],
  };
}

const need = (...names: string[]) => names.map((name) => ({ name, when: "healthy" as const }));

async function plan(book: Book, targets: string[], services = driver(), more: Partial<PlanRequest> = {}) {
  const drivers = new Map([["service" as const, services]]);
  const outright = new Set<string>();
  const request = { book, targets, outright, drivers, force: false, withNeeds: true, holds: new Map() };
  return (await makePlan({ ...request, ...more })).plan;
}

const lines = ({ steps }: Plan) =>
  steps.map(({ id, action, reason, needs }) => [`${id}: ${action} (${reason.text})`, ...needs].join(" < "));

const media = bookOf([
  service("shows", { needs: need("index", "vault"), after: ["films"] }),
  service("films", { needs: need("index") }),
  service("index", { needs: need("vpn") }),
  service("vpn"),
  service("vault"),
  service("other"),
]);

test("a plan has the targets and all that they need, in order, and changes nothing", async () => {
  const services = driver({
    vpn: { action: "create", reason: { code: "absent", text: "absent" }, effect: "write" },
  });
  expect(await plan(media, ["shows"], services)).toEqual({
    root: "/srv/homelab",
    targets: ["shows"],
    steps: [
      ["vpn", "create", "absent", "absent", "write", []],
      ["index", "none", "up-to-date", "ready and up to date", "read", ["vpn"]],
      ["vault", "none", "up-to-date", "ready and up to date", "read", []],
      ["shows", "none", "up-to-date", "ready and up to date", "read", ["index", "vault"]],
    ].map(
      ([id, action, code, text, effect, needs]) =>
        ({ id, kind: "service", action, reason: { code, text }, effect, needs }) as Plan["steps"][number],
    ),
  });
  expect(services.asked).toEqual([
    "observe vpn index vault shows",
    "decide vpn",
    "decide index",
    "decide vault",
    "decide shows",
  ]);
});

describe("a plan", () => {
  const ready = (name: string, ...needs: string[]) =>
    [`${name}: none (ready and up to date)`, ...needs].join(" < ");
  test("takes soft order in when both are in it", async () => {
    expect(lines(await plan(media, ["shows", "films"]))).toEqual([
      ready("vpn"),
      ready("index", "vpn"),
      ready("vault"),
      ready("films", "index"),
      ready("shows", "index", "vault", "films"),
    ]);
  });

  test("without needs has the targets alone", async () => {
    expect(lines(await plan(media, ["shows", "index"], driver(), { withNeeds: false }))).toEqual([
      ready("index"),
      ready("shows", "index"),
    ]);
  });

  test("forces the targets, and not what they need", async () => {
    const services = driver();
    await plan(media, ["index"], services, { force: true });
    expect(services.asked).toEqual(["observe vpn index", "decide vpn", "decide index --force"]);
  });

  test("of nothing is empty", async () => expect(lines(await plan(media, []))).toEqual([]));

  test("is blocked behind what is impossible, and goes on elsewhere", async () => {
    const blocked = {
      action: "blocked",
      problem: impossible,
      reason: { code: "x", text: "no token" },
    } as const;
    expect(lines(await plan(media, ["shows", "other"], driver({ index: blocked })))).toEqual([
      ready("vpn"),
      "index: blocked (no token) < vpn",
      ready("vault"),
      "shows: blocked (needs index, which is blocked) < index < vault",
      ready("other"),
    ]);
  });

  test("says what a recipe of another kind is", async () => {
    const unit: Recipe = { kind: "unit", name: "jellyfin", needs: [], after: [], unit: "jellyfin.service" };
    const book = bookOf([unit, service("app", { needs: need("jellyfin") }), service("other")]);
    expect(lines(await plan(book, ["app", "other"]))).toEqual([
      "jellyfin: blocked (`jellyfin` is a unit, which this version cannot run)",
      "app: blocked (needs jellyfin, which is blocked) < jellyfin",
      ready("other"),
    ]);
  });
});

describe("a plan that is hopeless throws", () => {
  const refusal = async (book: Book, targets: string[], services = driver()) => {
    const error = await plan(book, targets, services).then(lines, (reason: unknown) => reason);
    return error instanceof Problems ? error.errors.map(({ code, message }) => `${code}: ${message}`) : error;
  };

  test("every problem, when every target is blocked", async () => {
    const blocked = { action: "blocked", problem: impossible } as const;
    expect(await refusal(media, ["shows", "films"], driver({ vpn: blocked, vault: blocked }))).toEqual([
      "variable-unset: required variable `TOKEN` is not set",
      "variable-unset: required variable `TOKEN` is not set",
    ]);
  });

  test("that a service has no directory", async () => {
    const book = bookOf([service("app", { needs: need("vpn") }), service("vpn", { present: false })]);
    expect(await refusal(book, ["app"])).toEqual([
      "missing-directory: `app` needs `vpn`, but there is no directory `services/vpn`",
    ]);
  });
});

test("whose network is shared is needed, with all that it needs, although no recipe says so", async () => {
  const book = bookOf([
    service("tor"),
    service("vpn", { needs: need("dns") }),
    service("dns"),
    service("other"),
  ]);
  const services = driver({}, [], { tor: ["vpn"] });
  expect(lines(await plan(book, ["tor"], services))).toEqual([
    "dns: none (ready and up to date)",
    "vpn: none (ready and up to date) < dns",
    "tor: none (ready and up to date) < vpn",
  ]);
  const alone = driver({}, [], { tor: ["vpn"] });
  expect(lines(await plan(book, ["tor"], alone, { withNeeds: false }))).toEqual([
    "tor: none (ready and up to date)",
  ]);
});

test("a recipe that contradicts a shared network is followed, with a warning", async () => {
  const book = bookOf([service("tor"), service("vpn", { needs: need("tor") })]);
  const drivers = new Map([["service" as const, driver({}, [], { tor: ["vpn"] })]]);
  const request = { book, targets: ["vpn"], outright: new Set<string>(), drivers, force: false };
  const { plan: made, warnings } = await makePlan({ ...request, withNeeds: true, holds: new Map() });
  expect(made.steps.map(({ id }) => id)).toEqual(["tor", "vpn"]);
  expect(warnings).toEqual([
    "`tor` shares the network of `vpn`, and yet `vpn` needs `tor`: neither can come first; take `tor` out of what `vpn` needs",
  ]);
});

describe("what the run had in hand before", () => {
  const book = bookOf([service("tor", { needs: need("vault") }), service("vpn"), service("vault")]);
  const taken = new Set(["vpn", "tor"]);

  test("is in the plan again, in order, and without what else it needs", async () => {
    const services = driver({}, [], { tor: ["vpn"] });
    expect(lines(await plan(book, ["vpn"], services, { taken }))).toEqual([
      "vpn: none (ready and up to date)",
      "tor: none (ready and up to date) < vpn",
    ]);
    expect(services.asked).toEqual(["observe tor vpn", "decide vpn", "decide tor"]);
  });

  test("is not forced when it was not asked for", async () => {
    const services = driver();
    await plan(book, ["vpn"], services, { taken, force: true });
    expect(services.asked).toContain("decide tor");
  });

  test("makes a plan with nothing but impossible targets one that is told, and not thrown", async () => {
    const reason = { code: "variable-unset", text: "no token" };
    const blocked = { action: "blocked", problem: impossible, reason } as const;
    expect(lines(await plan(book, ["vpn"], driver({ vpn: blocked }), { taken }))).toEqual([
      "tor: none (ready and up to date)",
      "vpn: blocked (no token)",
    ]);
  });
});
