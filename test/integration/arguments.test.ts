import { describe, expect, test } from "bun:test";
import { COMMANDS as ENTRIES } from "../../src/cli/commands.ts";
import { app } from "../helpers/compose.ts";
import { homelab } from "../helpers/homelab.ts";
import { CHECKOUT } from "../helpers/paths.ts";

const FILES = {
  "homelab.yml": "groups:\n  media~: [plex~, sonarr~]\n",
  "services/plex~/compose.yml": app(),
  "services/sonarr~/shows~/compose.yml": app(),
  "services/sonarr~/anime~/compose.yml": app(),
};

const COMMANDS = Object.keys(ENTRIES);

describe("targets", () => {
  test.concurrent.each<[words: string[], steps: string[]]>([
    [["plex~"], ["plex~"]],
    [["sonarr~"], ["sonarr~-anime~", "sonarr~-shows~"]],
    [["sonarr~", "shows~"], ["sonarr~-shows~"]],
    [
      ["sonarr~-shows~", "plex~"],
      ["plex~", "sonarr~-shows~"],
    ],
    [["media~"], ["plex~", "sonarr~-anime~", "sonarr~-shows~"]],
    [["all"], ["plex~", "sonarr~-anime~", "sonarr~-shows~"]],
    [
      ["plex~", "plex~", "all"],
      ["plex~", "sonarr~-anime~", "sonarr~-shows~"],
    ],
  ])("%p", async (targets, steps) => {
    await using lab = await homelab(FILES);
    const ids = async (...words: string[]) =>
      (await lab.json(...words)).document.steps.map(({ id }: { id: string }) => id).sort();
    const [first = "", ...rest] = targets;
    expect(await ids("plan", ...targets)).toEqual(steps);
    expect(await ids(`plan-${first}`, ...rest)).toEqual(steps);
    expect(await ids(`ensure-${first}`, ...rest, "-n")).toEqual(steps);
  });
});

describe("what is mistyped is refused with 2 and a suggestion (checklist 14, 17, 19)", () => {
  test.concurrent.each<[words: string[], stderr: string]>([
    [["ensrue", "plex~"], "error: unknown command `ensrue`\n  hint: did you mean `homelab ensure`?\n"],
    [["ensure", "plx~"], "error: unknown target `plx~`\n  hint: did you mean `plex~`?\n"],
    [["ensure-plx~"], "error: unknown target `plx~`\n  hint: did you mean `plex~`?\n"],
    [
      ["ensure", "sonarr~", "show~"],
      "error: unknown target `show~`\n  hint: `homelab list` shows all recipes and groups\n",
    ],
    [["ensure", "plex~", "--forse"], "error: unknown option `--forse`\n  hint: did you mean `--force`?\n"],
    [["ensure", "plex~", "--jsn"], "error: unknown option `--jsn`\n  hint: did you mean `--json`?\n"],
    [["--quite", "status"], "error: unknown option `--quite`\n  hint: did you mean `--quiet`?\n"],
    [["status", "-x"], "error: unknown option `-x`\n  hint: see `homelab status --help`\n"],
    [["list", "plex~"], "error: unexpected word `plex~` after `list`\n  hint: see `homelab list --help`\n"],
    [
      ["ensure"],
      "error: `ensure` needs a target: a service, unit, MicroVM, family or group, or `all`\n  hint: see `homelab ensure --help`\n",
    ],
    [["ensure", "all", "-j", "0"], "error: `--jobs` takes a number from 1 to 999, not `0`\n"],
    [["ensure", "all", "--jobs"], "error: `--jobs` needs a value\n  hint: write `--jobs N`\n"],
    [
      ["ensure", "all", "--timeout", "soon"],
      "error: `--timeout` takes a duration such as 30s, 10m or 1h30m, not `soon`\n",
    ],
    [["ensure", "all", "--force=yes"], "error: `--force` takes no value\n"],
    [
      ["graph", "--format", "mermade"],
      "error: `--format` takes one of tree, mermaid, dot, json, not `mermade`\n  hint: did you mean `mermaid`?\n",
    ],
    [
      ["help", "ensrue"],
      "error: there is no help on `ensrue`\n  hint: did you mean `homelab help ensure`?\n",
    ],
    [["lock", "statsu"], "error: unknown word `statsu`\n  hint: did you mean `homelab lock status`?\n"],
    [["history", "--limit", "many"], "error: `--limit` takes a number, not `many`\n"],
    [["ensure", ""], "error: unknown target ``\n  hint: `homelab list` shows all recipes and groups\n"],
    [
      ["ensure", "__proto__"],
      "error: unknown target `__proto__`\n  hint: `homelab list` shows all recipes and groups\n",
    ],
    [
      ["constructor"],
      "error: unknown command `constructor`\n  hint: `homelab help` shows all commands; targets come after a verb, as in `homelab ensure plex`\n",
    ],
    [
      ["toString", "x"],
      "error: unknown command `toString`\n  hint: `homelab help` shows all commands; targets come after a verb, as in `homelab ensure plex`\n",
    ],
  ])("%p", async (words, stderr) => {
    await using lab = await homelab(FILES);
    expect(await lab.run(...words)).toEqual({ code: 2, stdout: "", stderr });
  });

  test.concurrent("--json makes it a document", async () => {
    await using lab = await homelab(FILES);
    expect(await lab.json("ensure", "plx~")).toEqual({
      code: 2,
      document: {
        version: 1,
        error: {
          code: "unknown-target",
          exit: 2,
          message: "unknown target `plx~`",
          hint: "did you mean `plex~`?",
          position: null,
        },
      },
      stderr: "",
    });
  });
});

describe("help", () => {
  test.concurrent("every command explains itself in three ways (checklist 18)", async () => {
    await using lab = await homelab({});
    for (const command of COMMANDS) {
      const help = await lab.run(command, "--help");
      expect(help).toMatchObject({ code: 0, stderr: "" });
      expect(help.stdout).toContain(`Usage: homelab ${command}`);
      expect(help.stdout).toContain("Examples:\n");
      expect(await lab.run("help", command)).toEqual(help);
      expect(await lab.run(command, "-h")).toEqual(help);
      expect(await lab.run("-h", command)).toEqual(help);
    }
  });

  test.concurrent("the overview names every command, and needs no homelab", async () => {
    await using lab = await homelab({});
    const help = await lab.run("help");
    expect(help).toMatchObject({ code: 0, stderr: "" });
    for (const command of COMMANDS) expect(help.stdout).toMatch(new RegExp(`^  ${command} `, "m"));
    expect(await lab.run("--help")).toEqual(help);
    expect((await lab.run("help", "exit-codes")).stdout).toContain("75");
  });

  test.concurrent("--version is the version of the package", async () => {
    await using lab = await homelab({});
    const { version } = await Bun.file(`${CHECKOUT}/package.json`).json();
    const { code, stdout, stderr } = await lab.run("--version");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(new RegExp(`^homelab ${version.replaceAll(".", "\\.")} \\(\\S+\\)\n$`));
    expect((await lab.run("-V")).stdout).toBe(stdout);
  });
});
