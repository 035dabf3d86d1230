import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { filesBelow } from "../../src/nix/lint/files.ts";
import { eventually } from "../helpers/eventually.ts";
import { git, without } from "../helpers/without-nix.ts";

const TRIM = { nixfmt: 'sed -i "s/ *$//" "$@"\n' };
const MESSY = "{ a = mkIf true 1; } \n";
const NO_NIX = "the syntax was not checked: there is no Nix on this machine";

test("of a larger repository only the files of the homelab are formatted and checked", async () => {
  const inside = ["home*/lab/a.nix", "home*/lab/nixos/b.nix", "home*/lab/nixos/flake.nix"];
  const outside = ["c.nix", "home*/d.nix", "home*/laboratory/e.nix", "homes/lab/f.nix"];
  await using lab = await without(
    {
      ...Object.fromEntries([...inside, ...outside].map((path) => [path, MESSY])),
      "home*/lab/services/.keep": "",
    },
    TRIM,
  );
  await git(lab);
  await lab.tool(
    ".",
    "git",
    "-c",
    "user.name=a",
    "-c",
    "user.email=a@b",
    "commit",
    "--quiet",
    "--message=one",
  );
  for (const path of [...inside, ...outside]) lab.write({ [path]: `${MESSY} ` });
  const here = lab.with({ cwd: "home*/lab" });
  expect((await here.json("lint")).document.findings).toMatchObject(inside.map((file) => ({ file })));
  expect((await here.json("lint", "--changed")).document.findings).toMatchObject(
    inside.map((file) => ({ file })),
  );
  const { checks } = (await here.json("pre-commit-run")).document;
  expect(checks[0]).toMatchObject({ name: "fmt", changed: inside });
  expect(checks[1]).toMatchObject({ name: "lint", files: 3 });
  expect((await here.json("fmt")).document).toMatchObject({ files: 3, skipped: null, changed: inside });
  for (const path of outside) expect(readFileSync(lab.path(path), "utf8")).toBe(`${MESSY} `);
  // A file that is named is meant, wherever it is.
  expect((await here.json("fmt", "../d.nix")).document).toMatchObject({ changed: ["home*/d.nix"] });
});

const LOG = 'for last; do :; done\necho "$# $last" >> ../calls\n';

test("statix looks at the homelab, or at the files that are named, and at nothing around them", async () => {
  await using lab = await without(
    { "lab/services/.keep": "", "lab/a.nix": "{ }", "lab/b.nix": "{ }" },
    { statix: LOG },
  );
  await git(lab);
  const here = lab.with({ cwd: "lab" });
  const called = () => {
    const lines = lab
      .shared(readFileSync(lab.path("calls"), "utf8"))
      .trim()
      .split("\n")
      .sort();
    rmSync(lab.path("calls"));
    return lines;
  };
  await here.run("lint");
  expect(called()).toEqual(["6 <root>/lab"]);
  await here.run("lint", "a.nix", "b.nix");
  expect(called()).toEqual(["6 <root>/lab/a.nix", "6 <root>/lab/b.nix"]);
});

test("deadnix is given so many files at once as every system takes", async () => {
  const many = Object.fromEntries(Array.from({ length: 1001 }, (_, at) => [`lab/many/${at}.nix`, "{ }"]));
  await using lab = await without({ "lab/services/.keep": "", ...many }, { deadnix: LOG });
  await lab.with({ cwd: "lab" }).run("lint");
  const counts = readFileSync(lab.path("calls"), "utf8").match(/^\d+/gm)?.map(Number);
  expect(counts?.sort()).toEqual([4, 503, 503].sort());
});

test("a linter that cannot be started is no failure", async () => {
  await using lab = await without({ "services/.keep": "", "a.nix": "{ }" });
  writeFileSync(join(lab.top, "bin/statix"), "#!/gone/interpreter\n");
  chmodSync(join(lab.top, "bin/statix"), 0o755);
  expect(await lab.run("lint")).toEqual({
    code: 0,
    stdout: "checked 1 Nix file: nothing found\n",
    stderr: `warning: ${NO_NIX}; statix could not be started\n`,
  });
});

test.each([
  ["SIGINT", "statix", 130],
  ["SIGINT", "deadnix", 130],
  ["SIGTERM", "statix", 143],
] as const)("%s while %s is at it ends with %d", async (signal, name, code) => {
  await using lab = await without(
    { "services/.keep": "", "a.nix": "{ }" },
    { [name]: "echo begun > begun; exec sleep 60\n" },
  );
  const running = lab.start("lint");
  await eventually("the linter is at it", () => readable(lab.path("begun")));
  running.kill(signal);
  const ended = await running.ended;
  expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: "" });
  expect(ended.stderr).toContain("error: broken off while ");
});

function readable(path: string): boolean {
  try {
    return readFileSync(path, "utf8") !== "";
  } catch {
    return false;
  }
}

test("directories that must not be read are passed over and told", async () => {
  await using lab = await without(
    { "services/.keep": "", "a.nix": "{ }", "private/b.nix": "{ }", "x/secret/c.nix": "{ }" },
    TRIM,
  );
  for (const path of ["private", "x/secret"]) chmodSync(lab.path(path), 0);
  const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  const [program = ""] = nobody.map((word) => Bun.which(word) ?? "");
  const user = process.getuid?.() === 0 ? lab.with({ before: [program, ...nobody.slice(1)] }) : lab;
  const told = "<root>/private and 1 more directory cannot be read";
  expect(await user.run("lint")).toEqual({
    code: 0,
    stdout: "checked 1 Nix file: nothing found\n",
    stderr: `warning: ${told}; ${NO_NIX}\n`,
  });
  expect((await user.json("lint", ".")).document).toMatchObject({ files: 1, skipped: `${told}; ${NO_NIX}` });
  const formatted = await user.json("fmt", "--check");
  expect(formatted).toMatchObject({ code: 0, document: { files: 1, skipped: told } });
  expect((await user.run("lint", "private/b.nix")).stderr).toBe(
    "error: `private/b.nix` cannot be read: no permission\n  hint: look whose the directories are that it is in\n",
  );
});

test("what is too much or too deep is told", async () => {
  await using lab = await without({ "services/.keep": "" });
  mkdirSync(lab.path("many"));
  for (let at = 0; at <= 10_000; at++) writeFileSync(lab.path(`many/${at}.nix`), "");
  const { paths, skipped } = filesBelow(lab.root);
  expect({ files: paths.length, skipped }).toEqual({
    files: 10_000,
    skipped: [`there are more than 10000 Nix files below ${lab.root}, of which no more were looked at`],
  });
  const deep = join("deep", ..."abcdefghijklmnopqrstuvwxyz");
  lab.write({ [`${deep}/a.nix`]: "", "deep/b.nix": "" });
  expect(filesBelow(lab.path("deep"))).toEqual({
    paths: [lab.path("deep/b.nix")],
    skipped: [`what is more than 20 directories below ${lab.path("deep")} was not looked at`],
  });
});
