import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { type Hypervisor, hypervisor } from "../helpers/hypervisor.ts";
import { BINARY } from "../helpers/paths.ts";

/** The formatter takes away space at the end of lines; `oops` it does not understand. */
const FLAKE = `{
  outputs = { self }:
    let
      make = name: script: builtins.derivation {
        inherit name;
        system = "x86_64-linux";
        builder = "/bin/sh";
        args = [ "-ec" script ];
        PATH = "/bin:/usr/bin";
      };
    in
    {
      formatter.x86_64-linux = make "trim-1.2" ''
        mkdir -p $out/bin
        cat > $out/bin/trim <<'END'
        #!/bin/sh
        for file; do
          if grep -q "[o]ops" "$file"; then echo "trim: $file is wrong" >&2; exit 4; fi
          sed -i 's/ *$//' "$file"
        done
        END
        chmod +x $out/bin/trim
      '';
      checks.x86_64-linux.web = import ./checks/web.nix make;
    };
}
`;
const GOOD = 'make: make "web" "echo fine > $out"\n';

let host: Hypervisor;

beforeAll(async () => {
  host = await hypervisor({
    name: "sources",
    files: {
      "flake.nix": FLAKE,
      "checks/web.nix": GOOD,
      "modules/a.nix": "{ a = 1; }\n",
      "services/.keep": "",
    },
  });
  await commit();
}, 180_000);

afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
});

async function commit(): Promise<void> {
  const git = (...words: string[]) =>
    host.run("git", "-C", host.lab.root, "-c", "user.name=a", "-c", "user.email=a@b", ...words);
  await git("init", "--quiet");
  await git("add", "--all");
  await git("commit", "--quiet", "--allow-empty", "--message=now");
}

const remove = (...paths: string[]) =>
  host.run("git", "-C", host.lab.root, "rm", "--quiet", "--force", "-r", ...paths);
/** Lets git know files, so that the flake has them. */
async function write(files: Readonly<Record<string, string>>): Promise<void> {
  host.lab.write(files);
  await host.run("git", "-C", host.lab.root, "add", "--all");
}

test("lint tells all errors of syntax with their places, and what the rules find", async () => {
  expect(await host.homelab("lint")).toEqual({
    code: 0,
    stdout: "checked 3 Nix files: nothing found\n",
    stderr: "",
  });
  const many = Object.fromEntries(
    Array.from({ length: 120 }, (_, at) => [`many/${at}.nix`, `{ a = ${at}; }\n`]),
  );
  await write({
    ...many,
    "many/30.nix": '{ s = "ü"; a = 1 }\n',
    "many/31.nix": "{ a = 1;\n  a = 2; }\n",
    "many/90.nix": "{ a = b; }\n",
    "modules/b.nix": '{\n  systemd.services.b.serviceConfig.User = "root";\n  x = [ 1;\n}\n',
  });
  expect(await host.homelab("lint")).toEqual({
    code: 78,
    stdout: `error: many/30.nix:1:18: syntax error, unexpected '}', expecting ';' (syntax)
   1 | { s = "ü"; a = 1 }
     |                  ^

error: many/31.nix:2:3: attribute 'a' already defined at many/31.nix:1:3 (syntax)
   2 |   a = 2; }
     |   ^

error: many/90.nix:1:7: undefined variable 'b' (syntax)
   1 | { a = b; }
     |       ^

error: modules/b.nix:2:3: the service runs as root (run-as-root)
   2 |   systemd.services.b.serviceConfig.User = "root";
     |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: give it a user of its own, or \`DynamicUser = true\`; if it must be root: \`# homelab: allow run-as-root\` with the reason behind it

error: modules/b.nix:3:10: syntax error, unexpected ';' (syntax)
   3 |   x = [ 1;
     |          ^

checked 124 Nix files: 5 errors
`,
    stderr: "",
  });
  const { code, document } = await host.json("lint", "modules");
  expect({ code, document }).toEqual({
    code: 78,
    document: {
      version: 1,
      valid: false,
      files: 2,
      skipped: null,
      findings: [
        expect.objectContaining({ rule: "run-as-root", file: "modules/b.nix", line: 2, column: 3 }),
        expect.objectContaining({
          rule: "syntax",
          level: "error",
          file: "modules/b.nix",
          line: 3,
          column: 10,
        }),
      ],
    },
  });
  await remove("many", "modules/b.nix");
}, 120_000);

test("lint looks at files that are changed, or that git does not know but that are named", async () => {
  await commit();
  host.lab.write({ "modules/new.nix": "{ a = }\n", "modules/a.nix": "{ a = 2; }\n" });
  expect((await host.homelab("lint", "--changed")).stdout).toBe("checked 1 Nix file: nothing found\n");
  const named = await host.homelab("lint", "modules/new.nix", "-q");
  expect(named).toEqual({
    code: 78,
    stdout:
      "error: modules/new.nix:1:7: syntax error, unexpected '}' (syntax)\n   1 | { a = }\n     |       ^\n\nchecked 1 Nix file: 1 error\n",
    stderr: "",
  });
  await host.run("git", "-C", host.lab.root, "add", "--intent-to-add", "modules/new.nix");
  expect((await host.homelab("lint", "--changed")).stdout).toContain("checked 2 Nix files: 1 error\n");
  await remove("modules/new.nix");
}, 60_000);

test("fmt uses the flake's formatter; a check changes nothing", async () => {
  await write({ "modules/a.nix": "{ a = 1; }   \n", "modules/b.nix": "{ b = 1; }  \n" });
  const check = {
    code: 3,
    stdout:
      "would format modules/a.nix\nwould format modules/b.nix\n2 of 4 Nix files would be formatted (trim, the flake's formatter)\n",
    stderr: "",
  };
  expect(await host.homelab("fmt", "--check")).toEqual(check);
  expect(await host.homelab("fmt", "--dry-run")).toEqual(check);
  expect(readFileSync(host.lab.path("modules/a.nix"), "utf8")).toBe("{ a = 1; }   \n");
  expect((await host.homelab("fmt", "modules/b.nix")).stdout).toBe(
    "formatted modules/b.nix\n1 of 1 Nix file formatted (trim, the flake's formatter)\n",
  );
  const { code, document } = await host.json("fmt");
  expect({ code, document }).toEqual({
    code: 0,
    document: {
      version: 1,
      check: false,
      formatter: {
        name: "trim",
        program: expect.stringMatching(/^\/nix\/store\/.*\/bin\/trim$/),
        from: "flake",
      },
      files: 4,
      skipped: null,
      changed: ["modules/a.nix"],
    },
  });
  expect(readFileSync(host.lab.path("modules/a.nix"), "utf8")).toBe("{ a = 1; }\n");
  expect((await host.homelab("fmt")).stdout).toBe(
    "all 4 Nix files are formatted already (trim, the flake's formatter)\n",
  );
  await write({ "modules/b.nix": "{ oops = 1; }\n" });
  expect(await host.homelab("fmt", "--check")).toEqual({
    code: 1,
    stdout: "",
    stderr:
      "error: trim failed with exit code 4\n  note: trim: ./modules/b.nix is wrong\n  hint: it may be an error of syntax: `homelab lint` shows those\n",
  });
  await remove("modules/b.nix");
}, 120_000);

test("a lock file is not written for a check, nor for the formatter", async () => {
  await host.run("mkdir", "-p", "/srv/notes");
  const inputs = 'inputs.notes = { url = "path:/srv/notes"; flake = false; };\n  outputs = { self, notes }:';
  await write({ "flake.nix": FLAKE.replace("outputs = { self }:", inputs) });
  for (const words of [["fmt", "--check"], ["fmt", "-n"], ["fmt"], ["pre-commit-run"]]) {
    expect({ words, code: (await host.homelab(...words)).code }).toEqual({ words, code: 0 });
    expect(existsSync(host.lab.path("flake.lock"))).toBe(false);
  }
  await write({ "flake.nix": FLAKE });
}, 120_000);

test("flake-check says whether the flake is good, and where it is not", async () => {
  const good = { code: 0, stdout: "<root> is a good flake\n", stderr: "" };
  expect(await host.homelab("flake-check")).toEqual(good);
  await write({ "checks/web.nix": 'make: make "web" "echo ${toString builtins.currentTime} > $out"\n' });
  const pure = await host.homelab("flake-check");
  expect({ ...pure, stderr: pure.stderr.split("\n").slice(0, 1) }).toEqual({
    code: 1,
    stdout: "",
    stderr: ["error: the configuration is wrong: attribute 'currentTime' missing"],
  });
  expect(pure.stderr).toContain("checks/web.nix:1:");
  expect(pure.stderr).toContain("hint: see where it comes from: `nix flake check --show-trace <root>`");
  expect((await host.homelab("flake-check", "--impure")).code).toBe(0);
  await write({ "checks/web.nix": 'make: make "web" "echo no port >&2; exit 3"\n' });
  const built = await host.homelab("flake-check");
  expect(built.code).toBe(1);
  expect(built.stderr).toContain("error: web was not built: it failed with exit code 3\n  note: no port\n");
  expect((await host.homelab("flake-check", "--dry-run")).code).toBe(0);
  await write({ "checks/web.nix": 'make: make "web" "sleep 60"\n' });
  const began = performance.now();
  const stopped = await host.ask(
    ...["timeout", "--preserve-status", "-s", "INT", "5", BINARY, "-C", host.lab.root, "flake-check"],
  );
  expect({ code: stopped.code, soon: performance.now() - began < 20_000 }).toEqual({ code: 130, soon: true });
  expect((await host.ask("pgrep", "-x", "sleep")).stdout).toBe("");
  await write({ "checks/web.nix": GOOD });
}, 120_000);

test("pre-commit-run does all of it, whatever fails", async () => {
  await commit();
  const formatter = "trim, the flake's formatter";
  expect(await host.homelab("pre-commit-run")).toEqual({
    code: 0,
    stdout: `fmt          ok  all 3 Nix files are formatted already (${formatter})
lint         ok  checked 3 Nix files: nothing found
flake-check  ok  a good flake
`,
    stderr: "",
  });
  await write({ "modules/b.nix": "{ b = lib.mkIf true 1; } \n", ".pre-commit-config.yaml": "repos: []\n" });
  const { code, stdout } = await host.homelab("pre-commit-run");
  expect({ code, lines: stdout.split("\n").slice(-5) }).toEqual({
    code: 78,
    lines: [
      `fmt          failed   1 of 4 Nix files would be formatted (${formatter}): \`homelab fmt\``,
      "lint         failed   checked 4 Nix files: 2 errors",
      "flake-check  ok       a good flake",
      "pre-commit   skipped  there is a .pre-commit-config.yaml, but no `pre-commit` is installed",
      "",
    ],
  });
  const { document } = await host.json("pre-commit-run", "--changed");
  expect(document).toMatchObject({
    version: 1,
    valid: false,
    checks: [
      { name: "fmt", verdict: "failed", changed: ["modules/b.nix"] },
      { name: "lint", verdict: "failed", files: 1 },
      { name: "flake-check", verdict: "ok" },
      { name: "pre-commit", verdict: "skipped" },
    ],
  });
}, 120_000);
