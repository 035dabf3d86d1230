import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseUnits, UNITS_QUESTION } from "../../../src/issues/in-units.ts";
import { runProcess } from "../../../src/process/runner.ts";

const HASH = "0123456789abcdfghijklmnpqrsvwxyz";
const path = (name: string) => `/nix/store/${HASH}-${name}`;

/** Asks of a system with these files and links in its units. */
async function asked({
  files = {},
  links = {},
}: {
  files?: Record<string, string>;
  links?: Record<string, string>;
}) {
  const system = mkdtempSync(join(tmpdir(), "homelab-units-"));
  try {
    const units = join(system, "etc/systemd/system");
    mkdirSync(join(units, "web.service.d"), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(units, name), text);
    for (const [name, to] of Object.entries(links)) symlinkSync(to, join(units, name));
    return await question(system);
  } finally {
    rmSync(system, { recursive: true });
  }
}

async function question(system: string) {
  const options = { env: { PATH: process.env.PATH }, deadline: 10_000 };
  const { stdout } = await runProcess(["sh", "-c", UNITS_QUESTION, system], options);
  const packages = parseUnits(stdout);
  return packages && [...packages].sort();
}

test("what units run is read from them and from what they link to", async () => {
  const files = {
    "web.service": `[Service]\nExecStart=${path("nginx-1.28.0")}/bin/nginx -c ${path("nginx.conf")}`,
    "web.service.d/own.conf": `[Service]\nExecStartPre=${path("systemd-258")}/bin/true`,
    // Nothing of the store in it.
    "bare.service": "[Service]\nExecStart=/bin/true",
  };
  const links = { "off.service": "/dev/null", "lost.service": "/nowhere" };
  expect(await asked({ files, links })).toEqual(["nginx", "nginx.conf", "systemd"]);
  expect(await asked({})).toEqual([]);
});

test("what could not be read to the end is not taken for all", async () => {
  const files = { "web.service": `[Service]\nExecStart=${path("nginx-1.28.0")}/bin/nginx` };
  // A directory that leads to itself is not gone through.
  expect(await asked({ files, links: { "round.service.d": "." } })).toBeUndefined();
  expect(await question("/nowhere")).toBeUndefined();
  expect(parseUnits("")).toBeUndefined();
  expect(parseUnits(`${path("nginx-1.28.0")}\n`)).toBeUndefined();
});
