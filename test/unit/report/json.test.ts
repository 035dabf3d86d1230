import { expect, test } from "bun:test";
import { planDocument, runDocument } from "../../../src/report/json.ts";
import { ended, planOf, runOf } from "./examples.ts";

test("a plan's document has its fields in order and counts its actions", () => {
  const plan = planOf({ gluetun: [], prowlarr: ["gluetun"] });
  expect(JSON.stringify(planDocument(plan))).toBe(
    '{"version":1,"root":"/srv","targets":["prowlarr"],"steps":[' +
      '{"id":"gluetun","kind":"service","action":"create","reason":{"code":"absent","text":"no container yet"},"effect":"write","needs":[]},' +
      '{"id":"prowlarr","kind":"service","action":"create","reason":{"code":"absent","text":"no container yet"},"effect":"write","needs":["gluetun"]}],' +
      '"summary":{"none":0,"create":2}}',
  );
});

test("a run's document has its fields in order and whole milliseconds", () => {
  const step = ended("tdarr", "create", "failed", {
    durationMs: 31.6,
    detail: "unhealthy",
    log: ["x"],
    hint: "y",
  });
  expect(JSON.stringify(runDocument(runOf("failed", 40.2, [step])))).toBe(
    '{"version":1,"run":"r1","outcome":"failed","steps":[{"id":"tdarr","kind":"service","action":"create",' +
      '"result":"failed","reason":{"code":"absent","text":"no container yet"},"durationMs":32,"detail":"unhealthy"}],' +
      '"changed":0,"failed":1,"durationMs":40}',
  );
});
