import { describe, expect, test } from "bun:test";
import type { ArgsDef } from "citty";
import { takeGlobals } from "../../../src/cli/options.ts";
import { checkWords } from "../../../src/cli/words.ts";
import { HomelabError } from "../../../src/errors.ts";

/** The error of a call as "message | hint". */
function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof HomelabError) return [error.message, error.hint].filter(Boolean).join(" | ");
    throw error;
  }
  return "none";
}

describe("takeGlobals() finds global options", () => {
  test.each([
    ["before the command", "-q ensure plex", { quiet: true }, "ensure plex"],
    ["after it", "ensure plex --json", { json: true }, "ensure plex"],
    ["with a value behind =", "--jobs=4 list", { jobs: 4 }, "list"],
    ["with a value in the next word", "list --root /r", { root: "/r" }, "list"],
    ["in one word", "-qvj4 list", { quiet: true, verbose: true, jobs: 4 }, "list"],
    ["with a value behind a bundle", "-nC /r list", { dryRun: true, root: "/r" }, "list"],
    [
      "durations in milliseconds",
      "--lock-wait 10m --timeout 1h30m --docker-wait 90s",
      { lockWait: 600_000, timeout: 5_400_000, dockerWait: 90_000 },
      "",
    ],
    [
      "longer durations than a timer can hold, as long as it can",
      "--timeout 30d",
      { timeout: 2 ** 31 - 1 },
      "",
    ],
    ["not behind --", "list -- --json", {}, "list -- --json"],
    ["and leaves the command's own alone", "plan --exit-code -y", { yes: true }, "plan --exit-code"],
    ["with the value in the same word as a short one", "-C/r -j=4 list", { root: "/r", jobs: 4 }, "list"],
    ["the last of two", "-j2 list --jobs 3", { jobs: 3 }, "list"],
    ["and leaves the unknown rest of a bundle", "-qx list", { quiet: true }, "-x list"],
    ["and leaves names of the prototype", "list --constructor", {}, "list --constructor"],
    ["and leaves a lone dash", "list -", {}, "list -"],
    ["and leaves unknown short ones", "list -x", {}, "list -x"],
  ])("%s", (_, line, want, rest) => {
    const { globals, rest: left } = takeGlobals(line.split(" ").filter(Boolean));
    const set = Object.fromEntries(Object.entries(globals).filter(([, value]) => value !== false));
    expect({ set, rest: left.join(" ") }).toEqual({ set: want, rest });
  });
});

describe("takeGlobals() refuses", () => {
  test.each([
    ["a missing value", "list --root", "`--root` needs a value | write `--root DIR`"],
    ["an option in place of a value", "list -C --json", "`-C` needs a value | write `-C DIR`"],
    ["a value for a switch", "list --json=yes", "`--json` takes no value"],
    ["no number", "list -j x", "`--jobs` takes a number from 1 to 999, not `x`"],
    ["zero jobs", "list -j0", "`--jobs` takes a number from 1 to 999, not `0`"],
    ["no duration", "list --timeout 5", "`--timeout` takes a duration such as 30s, 10m or 1h30m, not `5`"],
  ])("%s", (_, line, text) => expect(refusal(() => takeGlobals(line.split(" ")))).toBe(text));
});

const args: ArgsDef = {
  force: { type: "boolean" },
  needs: { type: "boolean", default: true },
  format: { type: "enum", options: ["tree", "dot"] },
  limit: { type: "string" },
};
const command = { args, words: { min: 1, max: 2, label: "a target" } };
const check = (line: string) => checkWords("ensure", command, line.split(" ").filter(Boolean));

describe("checkWords()", () => {
  test.each([
    ["words alone", "plex", "-- plex"],
    ["options anywhere", "plex --force sonarr", "--force -- plex sonarr"],
    ["a switch that is on by default", "plex --no-needs", "--no-needs -- plex"],
    ["a value in the next word", "plex --format dot", "--format=dot -- plex"],
    ["what looks like an option behind --", "-- --force", "-- --force"],
  ])("takes %s", (_, line, want) => expect(check(line).join(" ")).toBe(want));

  test.each([
    [
      "an unknown option, with the nearest",
      "plex --forse",
      "unknown option `--forse` | did you mean `--force`?",
    ],
    [
      "a global one that is misspelt",
      "plex --dryrun",
      "unknown option `--dryrun` | did you mean `--dry-run`?",
    ],
    ["an unknown short one", "plex -x", "unknown option `-x` | see `homelab ensure --help`"],
    ["a value for a switch", "plex --force=1", "`--force` takes no value"],
    ["a missing value", "plex --limit", "`--limit` needs a value"],
    [
      "a value that is none of them",
      "plex --format dott",
      "`--format` takes one of tree, dot, not `dott` | did you mean `dot`?",
    ],
    ["surplus words", "a b c", "unexpected word `c` after `ensure` | see `homelab ensure --help`"],
    ["no word", "", "`ensure` needs a target | see `homelab ensure --help`"],
    [
      "names of the prototype",
      "plex --constructor",
      "unknown option `--constructor` | see `homelab ensure --help`",
    ],
  ])("refuses %s", (_, line, text) => expect(refusal(() => check(line))).toBe(text));
});
