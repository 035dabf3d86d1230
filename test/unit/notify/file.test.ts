import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { readSettings, settingsPaths } from "../../../src/notify/file.ts";
import { temporary } from "../temporary.ts";

test("the places, in their order", () => {
  const CREDENTIALS_DIRECTORY = "/run/credentials/homelab.service";
  const env = { HOME: "/home/admin", CREDENTIALS_DIRECTORY };
  expect(settingsPaths(env)).toEqual([
    "/run/credentials/homelab.service/homelab-notify",
    "/etc/homelab/notify.env",
    "/home/admin/.config/homelab/notify.env",
  ]);
  expect(settingsPaths({ HOME: "/h", XDG_CONFIG_HOME: "/x" })).toEqual([
    "/etc/homelab/notify.env",
    "/x/homelab/notify.env",
  ]);
  expect(settingsPaths({ ...env, HOMELAB_NOTIFY_FILE: "/mine" })).toEqual(["/mine"]);
});

const LINE = "MAIL_TO=root\n";

/** What is read from `file`, and the warnings, with the directory as `<dir>`. */
function read(dir: string, file: string, more: { mode?: number; credentials?: string } = {}) {
  if (more.mode !== undefined) chmodSync(join(dir, file), more.mode);
  const warnings: string[] = [];
  const env = { HOMELAB_NOTIFY_FILE: join(dir, file), CREDENTIALS_DIRECTORY: more.credentials };
  const found = readSettings(env, join(dir, "root"), (text) => warnings.push(text.replaceAll(dir, "<dir>")));
  return { channels: found?.settings.channels.length, warnings };
}

test("a file for its owner alone is read", () => {
  using dir = temporary({ "notify.env": LINE, "root/homelab.yml": "" });
  expect(read(dir.path, "notify.env", { mode: 0o600 })).toEqual({ channels: 1, warnings: [] });
});

test("one that others can read is refused, except a credential of systemd's", () => {
  using dir = temporary({ "notify.env": LINE, "root/homelab.yml": "" });
  for (const mode of [0o640, 0o604, 0o644, 0o620]) {
    expect(read(dir.path, "notify.env", { mode })).toEqual({
      channels: undefined,
      warnings: [
        "<dir>/notify.env can be read by others: `chmod 600 <dir>/notify.env`; until then no notifications are sent",
      ],
    });
  }
  expect(read(dir.path, "notify.env", { mode: 0o440, credentials: dir.path })).toEqual({
    channels: 1,
    warnings: [],
  });
});

test("one in the repository is refused, also behind a link", () => {
  using dir = temporary({ "root/secrets/notify.env": LINE });
  symlinkSync(join(dir.path, "root/secrets/notify.env"), join(dir.path, "link"));
  for (const file of ["root/secrets/notify.env", "link"]) {
    expect(read(dir.path, file, { mode: 0o600 })).toEqual({
      channels: undefined,
      warnings: [expect.stringContaining(`<dir>/${file} lies in the homelab repository`)],
    });
  }
});

test("one that is named and not there, or no file, is a warning", () => {
  using dir = temporary({ "root/homelab.yml": "" });
  mkdirSync(join(dir.path, "directory"));
  expect(read(dir.path, "missing").warnings).toEqual([
    "HOMELAB_NOTIFY_FILE names <dir>/missing, which does not exist: no notifications are sent",
  ]);
  expect(read(dir.path, "directory").warnings).toEqual([
    "<dir>/directory is no file, so no notifications are sent",
  ]);
});
