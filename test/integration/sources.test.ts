import { expect, test } from "bun:test";
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { currentSystem } from "../../src/nix/formatter.ts";
import { allFiles, changedFiles, treeOf } from "../../src/nix/lint/files.ts";
import { type LintRequest, lintSources } from "../../src/nix/lint/sources.ts";
import { LocalMachine } from "../../src/process/machine.ts";
import { homelab } from "../helpers/homelab.ts";
import { git, without } from "../helpers/without-nix.ts";

const WRONG = `{ config, lib, ... }:
{
  config = lib.mkIf true {
    users.users.a = { password = "hunter2"; };
    networking.firewall.enable = false; # homelab: allow firewall-off: behind another one
  };
}
`;
const NO_NIX = "warning: the syntax was not checked: there is no Nix on this machine\n";
const REPORT = `error: modules/a.nix:3:16: \`mkIf true\` is always in force: its condition decides nothing (mkif-true)
   3 |   config = lib.mkIf true {
     |                ^^^^
  hint: write what it holds without \`mkIf\`, or the condition that was meant

`;

test("without Nix the rules are applied, and it is said that the syntax was not checked", async () => {
  await using lab = await without({ "modules/a.nix": WRONG, "services/.keep": "", "b.nix": "{ }" });
  await git(lab);
  lab.write({ "unknown.nix": "{ a = mkIf true 1; }" });
  expect(await lab.run("lint")).toEqual({
    code: 78,
    stdout: `${REPORT}warning: modules/a.nix:4:23: \`password\` has its value in the configuration, where everybody on the machine can read it (literal-password)
  hint: use \`hashedPasswordFile\` with a file that sops or agenix writes

checked 2 Nix files: 1 error, 1 warning
`,
    stderr: NO_NIX,
  });
  expect(await lab.run("lint", "--quiet")).toEqual({
    code: 78,
    stdout: `${REPORT}checked 2 Nix files: 1 error, 1 warning\n`,
    stderr: NO_NIX,
  });
  const { document } = await lab.json("lint");
  expect(document).toMatchObject({ valid: false, files: 2, findings: [{ rule: "mkif-true" }, { line: 4 }] });
  expect(JSON.stringify(document)).not.toContain("hunter2");
  lab.write({ "modules/a.nix": WRONG.replace("mkIf true", "mkIf config.a") });
  expect((await lab.run("lint")).code).toBe(0);
  expect((await lab.run("lint", "--strict")).code).toBe(78);
  expect((await lab.run("lint", "-q")).stdout).toBe("");
});

test("where git does not know, all Nix files below are meant, but not what builds leave there", async () => {
  const bad = "{ a = mkIf true 1; }";
  await using lab = await without({
    "flake.nix": "{ }",
    "a/b.nix": bad,
    ".direnv/c.nix": bad,
    "result/d.nix": bad,
    "node_modules/e/f.nix": bad,
  });
  symlinkSync("/", lab.path("everything"));
  const { document } = await lab.json("lint");
  expect(document).toMatchObject({ files: 2, findings: [{ file: "a/b.nix" }] });
});

test("what statix and deadnix say is told, of the files that were asked for", async () => {
  const span = { from: { line: 2, column: 10 }, to: { line: 2, column: 11 } };
  const remark = {
    note: "n",
    code: 4,
    severity: "Warn",
    diagnostics: [{ at: span, message: "Assignment instead of inherit", suggestion: null }],
  };
  const statix = (file: string) => JSON.stringify({ file, report: [remark] }, null, 2);
  await using lab = await without(
    {
      "services/.keep": "",
      "a.nix": '{\n  s = "ü"; a = x.a;\n}',
      "b.nix": "{\n  a = x.a; # homelab: allow statix-w04: on purpose\n}",
      "c.nix": "{ }",
    },
    {
      statix: `for last; do :; done\necho '${statix("@/a.nix")}${"\n"}${statix("@/b.nix")}${"\n"}${statix("@/unknown.nix")}' | sed "s:@:$last:"\nexit 1\n`,
      deadnix: `for last; do :; done\necho '{"file":"@","results":[{"message":"Unused let binding: c","line":1,"column":1,"endColumn":2}]}' | sed "s:@:$last:"\n`,
    },
  );
  await git(lab);
  expect((await lab.run("lint")).stdout).toBe(`warning: a.nix:2:9: assignment instead of inherit (statix-w04)
   2 |   s = "ü"; a = x.a;
     |         ^

warning: c.nix:1:1: unused let binding: c (deadnix)
   1 | { }
     | ^

checked 3 Nix files: 2 warnings
`);
});

test("a linter that is not understood is no failure, and is not kept quiet", async () => {
  await using lab = await without(
    { "services/.keep": "", "a.nix": "{ }" },
    { statix: "echo 'error: not built with json' >&2\nexit 2\n", deadnix: "echo nonsense\n" },
  );
  const { code, stderr } = await lab.run("lint");
  expect(code).toBe(0);
  expect(stderr).toContain("statix was not understood: error: not built with json");
  expect(stderr).toContain("deadnix was not understood: exit code 0");
});

test("fmt takes a formatter that is installed, where the flake has none", async () => {
  const files = { "services/.keep": "", "a.nix": "{ a = 1; } \n", "b c.nix": "{ }\n", "-d.nix": "{ } \n" };
  await using lab = await without(files, { nixfmt: 'sed -i "s/ *$//" "$@"\n' });
  await git(lab);
  expect(await lab.run("fmt", "--check")).toEqual({
    code: 3,
    stdout: "would format -d.nix\nwould format a.nix\n2 of 3 Nix files would be formatted (nixfmt)\n",
    stderr: "",
  });
  expect(readFileSync(lab.path("a.nix"), "utf8")).toBe("{ a = 1; } \n");
  expect((await lab.run("fmt")).stdout).toBe(
    "formatted -d.nix\nformatted a.nix\n2 of 3 Nix files formatted (nixfmt)\n",
  );
  expect((await lab.run("fmt")).stdout).toBe("all 3 Nix files are formatted already (nixfmt)\n");
  expect((await lab.run("fmt", "/etc/passwd")).code).toBe(2);
});

test("what is missing is named", async () => {
  await using lab = await without({ "services/.keep": "", "flake.nix": "{ outputs = _: { }; }" });
  expect(await lab.run("fmt")).toEqual({
    code: 69,
    stdout: "",
    stderr: `error: there is no formatter for Nix code\n  hint: give the flake one: \`formatter.${currentSystem()} = pkgs.alejandra\`; or install one: \`nix profile install nixpkgs#alejandra\` (also nixfmt, nixpkgs-fmt)\n`,
  });
  const checked = await lab.run("flake-check");
  expect([checked.code, checked.stderr.split("\n")[0]]).toEqual([
    69,
    "error: Nix is not on this machine, or not in the PATH of programs that are started there",
  ]);
  const all = await lab.run("pre-commit-run");
  expect({ code: all.code, lines: all.stdout.split("\n").slice(-4) }).toEqual({
    code: 69,
    lines: [
      "fmt          skipped  there is no formatter for Nix code",
      "lint         ok       checked 1 Nix file: nothing found",
      "flake-check  failed   Nix is not on this machine, or not in the PATH of programs that are started there",
      "",
    ],
  });
  const elsewhere = lab.with({ cwd: ".." });
  for (const command of ["fmt", "lint", "flake-check", "pre-commit-run"])
    expect((await elsewhere.run(command)).stderr).toContain("error: there is no homelab in");
  expect((await elsewhere.run("lint", "root/flake.nix")).stdout).toBe("checked 1 Nix file: nothing found\n");
  expect((await lab.run("lint", "gone.nix")).code).toBe(2);
  expect((await lab.run("lint", "--changed", "flake.nix")).code).toBe(2);
});

test("the hooks of the repository run as well; what they say is told", async () => {
  await using lab = await without(
    { "services/.keep": "", ".pre-commit-config.yaml": "repos: []\n" },
    { "pre-commit": 'echo "$@"; echo "trailing-whitespace...Failed"; exit 1\n' },
  );
  expect((await lab.run("pre-commit-run")).stdout).toBe(`run --all-files --color=never
trailing-whitespace...Failed
fmt          skipped  there is no formatter for Nix code
lint         ok       there are no Nix files to check
flake-check  skipped  there is no flake
pre-commit   failed   one of its hooks has failed
`);
  expect((await lab.run("pre-commit-run", "--dry-run")).code).toBe(0);
});

test("a task of the recipes comes before a command that yields to it", async () => {
  await using lab = await homelab({
    "homelab.yml": "tasks:\n  lint: { description: Looks at everything, run: echo mine }\n",
    "flake.nix": "{ }",
  });
  expect((await lab.run("lint")).stdout).toContain("mine");
  expect((await lab.run("help", "lint")).stdout).toStartWith("Looks at everything\n");
  expect((await lab.run("lint", "--help")).stdout).toStartWith("Looks at everything\n");
  expect((await lab.run("fmt", "--help")).stdout).toStartWith("Formats the Nix files");
  expect((await lab.run("validate")).code).toBe(0);
});

test("changed files are those that differ from a commit, staged or not", async () => {
  await using lab = await homelab({ "a.nix": "1", "b.nix": "1", "c/d.nix": "1", "e.txt": "1" });
  const run = (...words: string[]) =>
    lab.tool(".", "git", "-c", "user.name=a", "-c", "user.email=a@b", ...words);
  const options = { env: { PATH: process.env.PATH } };
  await run("init", "--quiet");
  await run("add", "--all");
  const tree = await treeOf(lab.path("c"), options);
  expect(tree).toEqual({ top: lab.root, isRepository: true, scope: "" });
  expect((await allFiles(tree, options)).paths).toEqual(["a.nix", "b.nix", "c/d.nix"]);
  // Before the first commit there is nothing to compare with.
  expect((await changedFiles(tree, options)).paths).toEqual(["a.nix", "b.nix", "c/d.nix"]);
  await run("commit", "--quiet", "--message=one");
  const one = (await run("rev-parse", "HEAD")).trim();
  expect((await changedFiles(tree, options)).paths).toEqual([]);
  lab.write({ "a.nix": "2", "f g.nix": "1", "h.nix": "unknown" });
  await run("add", "f g.nix");
  expect((await changedFiles(tree, options)).paths).toEqual(["a.nix", "f g.nix"]);
  await run("commit", "--quiet", "--all", "--message=two");
  await run("rm", "--quiet", "b.nix");
  await run("mv", "c/d.nix", "c/i.nix");
  expect((await changedFiles(tree, options)).paths).toEqual(["c/i.nix"]);
  expect((await changedFiles(tree, options, one)).paths).toEqual(["a.nix", "c/i.nix", "f g.nix"]);
  const unknown = "0123456789012345678901234567890123456789";
  expect((await changedFiles(tree, options, unknown)).paths).toEqual(["a.nix", "c/i.nix", "f g.nix"]);
});

test("what a deployment asks: a flake by its reference, or the syntax alone", async () => {
  await using lab = await without({ "nixos/flake.nix": "{ }", "a.nix": "{ a = mkIf true 1; }" });
  await git(lab);
  const env = { PATH: join(lab.top, "bin") };
  const request = { here: new LocalMachine(env), env, only: "all", rules: true, deadline: 60_000 } as const;
  const ask = async (more: Partial<LintRequest>) => {
    const { findings, files, skipped } = await lintSources({
      ...request,
      flake: `${lab.root}/nixos`,
      ...more,
    });
    return { rules: findings.map(({ rule }) => rule), files, skipped };
  };
  const skipped = "the syntax was not checked: there is no Nix on this machine";
  expect(await ask({})).toEqual({ rules: ["mkif-true"], files: 2, skipped });
  expect(await ask({ flake: `git+file://${lab.root}?dir=nixos` })).toEqual({
    rules: ["mkif-true"],
    files: 2,
    skipped,
  });
  expect(await ask({ rules: false })).toEqual({ rules: [], files: 2, skipped });
  expect(await ask({ files: [lab.path("gone.nix")] })).toEqual({
    rules: ["unreadable"],
    files: 1,
    skipped: undefined,
  });
  await expect(ask({ flake: `${lab.root}/gone` })).rejects.toThrow(`there is no directory ${lab.root}/gone`);
  expect(await ask({ flake: "github:a/b" })).toEqual({
    rules: [],
    files: 0,
    skipped: "the sources of github:a/b were not looked at: they are not on this machine",
  });
});
