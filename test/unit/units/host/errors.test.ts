import { expect, test } from "bun:test";
import { redactor } from "../../../../src/process/redact.ts";
import { newErrors, shownErrors } from "../../../../src/units/host/errors.ts";

const entry = (fields: Readonly<Record<string, unknown>>) => JSON.stringify(fields);
const web = (MESSAGE: unknown) => entry({ _SYSTEMD_UNIT: "web.service", SYSLOG_IDENTIFIER: "sh", MESSAGE });

test("new errors are counted by unit, those with most first", () => {
  const since = [
    entry({ SYSLOG_IDENTIFIER: "kernel", MESSAGE: "eth0: link is down" }),
    web("no port: 8080 taken by 4711"),
    web("no port: 8080 taken by 4712\nsecond line"),
    web("connection 0xdeadbeef lost"),
    web("a\u001b[31mb"),
    web("one more"),
    entry({ UNIT: "db.service", _SYSTEMD_UNIT: "init.scope", MESSAGE: "Failed to start db.service." }),
    "",
  ].join("\n");
  expect(newErrors(since, web("connection 0xcafe1234 lost"))).toEqual([
    {
      unit: "web.service",
      count: 4,
      lines: ["no port: 8080 taken by 4711", "no port: 8080 taken by 4712", "a\u001b[31mb"],
    },
    { unit: "db.service", count: 1, lines: ["Failed to start db.service."] },
    { unit: "kernel", count: 1, lines: ["eth0: link is down"] },
  ]);
});

test("the same message of another unit is another one", () => {
  expect(newErrors(web("lost"), entry({ _SYSTEMD_UNIT: "db.service", MESSAGE: "lost" }))).toEqual([
    { unit: "web.service", count: 1, lines: ["lost"] },
  ]);
});

test("logins are of one program, whatever scope each of them is in", () => {
  const login = (more: Readonly<Record<string, string>>) => entry({ MESSAGE: "no env file", ...more });
  const before = login({ SYSLOG_IDENTIFIER: "sshd-session", _SYSTEMD_UNIT: "session-4.scope" });
  expect(newErrors(login({ SYSLOG_IDENTIFIER: "sshd-session" }), before)).toEqual([]);
  expect(newErrors(login({ SYSLOG_IDENTIFIER: "sshd", _SYSTEMD_UNIT: "ssh.service" }), "")).toEqual([
    { unit: "sshd", count: 1, lines: ["no env file"] },
  ]);
});

test("a message of bytes, one that is long, one without words, and what is no entry", () => {
  const since = [
    web([104, 105, 255]),
    web("x".repeat(300)),
    web(null),
    web(" "),
    '{"MESSAGE":"cut',
    "[]",
  ].join("\n");
  expect(newErrors(since, "")).toEqual([
    { unit: "web.service", count: 2, lines: ["hi\ufffd", "x".repeat(300)] },
  ]);
});

test("they are masked before they are cut, and only counted where there is no mask", () => {
  const lines = [`${"x".repeat(190)} hunter2hunter2`, "key is hunter2hunter2"];
  const errors = [{ unit: "web.service", count: 3, lines }];
  expect(shownErrors(errors, redactor([["KEY", "hunter2hunter2"]]))).toEqual([
    { unit: "web.service", count: 3, lines: [`${"x".repeat(190)} [redacte…`, "key is [redacted]"] },
  ]);
  expect(shownErrors(errors)).toEqual([
    { unit: "web.service", count: 3, lines: ["not shown, as it is not known what in it is secret"] },
  ]);
});
