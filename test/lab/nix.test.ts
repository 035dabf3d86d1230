import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { addRoot, build, type Failure } from "../../src/nix/build.ts";
import { derive, isInStore, realise } from "../../src/nix/derive.ts";
import { closureDiff, summary } from "../../src/nix/diff.ts";
import { configurations, configuredRunner, runnerOf } from "../../src/nix/flake.ts";
import type { Machine, MachineOptions } from "../../src/process/machine.ts";
import { runProcess } from "../../src/process/runner.ts";
import { HOST_IMAGE } from "../helpers/paths.ts";

const NAME = `nix-test-${process.pid}`;
const OPTIONS = { deadline: 60_000 };
const env = { PATH: process.env.PATH, HOME: process.env.HOME, DOCKER_HOST: process.env.DOCKER_HOST };
const docker = async (...words: string[]) => {
  const { exitCode, stdout, stderr } = await runProcess(["docker", ...words], { env, deadline: 60_000 });
  if (exitCode !== 0) throw new Error(`docker ${words[0]}: ${stderr}`);
  return stdout;
};

/** Programs in the container; as for another host, one that is missing has exit code 127. */
class Container implements Machine {
  readonly name = "lab";
  readonly remote = true;

  constructor(private readonly path?: string) {}

  run(argv: readonly string[], { root: _, ...options }: MachineOptions) {
    const path = this.path === undefined ? [] : [`--env=PATH=${this.path}`];
    return runProcess(["docker", "exec", ...path, NAME, ...argv], { ...options, env });
  }

  foreground(): Promise<number> {
    throw new Error("nothing here runs in the foreground");
  }
}

const lab = new Container();
const shell = async (script: string) => docker("exec", NAME, "sh", "-ec", script);

const FLAKE = `{
  outputs = { self }:
    let
      make = name: script: builtins.derivation {
        inherit name;
        system = "x86_64-linux";
        builder = "/bin/sh";
        args = [ "-c" script ];
        PATH = "/bin:/usr/bin";
      };
      machine = name: runner: {
        config.system.build.toplevel = make "nixos-system-\${name}-25.11" "mkdir $out";
        config.microvm.declaredRunner = runner;
      };
      kernel = make "linux-\${import ./version.nix}" "head -c 300000 /dev/zero > $out";
    in
    {
      nixosConfigurations.web = machine "web" (make "microvm-qemu-web" "mkdir $out; echo \${kernel} > $out/kernel");
      nixosConfigurations."my.vm" = machine "my.vm" (make "microvm-qemu-my.vm" "mkdir $out");
      nixosConfigurations.broken = machine "broken" (make "microvm-qemu-broken" "echo one; echo cc: no input files >&2; exit 3");
      nixosConfigurations.slow = machine "slow" (make "microvm-qemu-slow" "sleep 60");
      nixosConfigurations.syntax = import ./syntax.nix;
      nixosConfigurations.module = import ./modules/new.nix;
      nixosConfigurations.secret = { config.microvm.declaredRunner = builtins.readFile ./.env; };
      nixosConfigurations.throws = { config.microvm.declaredRunner = throw "set services.web.port"; };
      nixosConfigurations.plain.config.system.build.toplevel = kernel;
    };
}
`;
const SYNTAX = "{\n  config.microvm.declaredRunner = {\n    mem = 512\n    vcpu = 2;\n  };\n}\n";
const SOURCE = "git+file:///etc/nixos";

beforeAll(async () => {
  await docker(
    "run",
    "--detach",
    "--rm",
    "--init",
    "--network=none",
    `--name=${NAME}`,
    HOST_IMAGE,
    "sleep",
    "600",
  );
  await shell(`
    mkdir -p /etc/nix
    printf 'build-users-group =\\nsandbox = false\\nsubstituters =\\n' >/etc/nix/nix.conf
    git config --global user.email lab@example.org
    git config --global user.name lab
    git init --quiet /etc/nixos
    cd /etc/nixos
    cat >flake.nix <<'END'
${FLAKE}END
    cat >syntax.nix <<'END'
${SYNTAX}END
    echo '"6.12.1"' >version.nix
    echo .env >.gitignore
    echo SECRET=1 >.env
    git add .
    git commit --quiet --message=one
    mkdir modules
    echo '{ config.microvm.declaredRunner = null; }' >modules/new.nix`);
}, 60_000);

afterAll(async () => {
  await docker("rm", "--force", NAME);
});

const attempt = (name: string, flake = SOURCE, machine: Machine = lab) =>
  build(machine, { ...OPTIONS, flake, attribute: runnerOf(name) });

const failure = async (name: string, flake?: string, machine?: Machine): Promise<Failure> => {
  const result = await attempt(name, flake, machine);
  if (result.ok) throw new Error(`${name} was built: ${result.path}`);
  return result;
};

const built = async (name: string, flake?: string): Promise<string> => {
  const result = await attempt(name, flake);
  if (!result.ok) throw new Error(`${result.detail}\n${result.log.join("\n")}`);
  return result.path;
};

test("a MicroVM is built, kept, and compared with the next one", async () => {
  const notes: string[] = [];
  const progress = (note: string) => void notes.push(note);
  const first = await build(lab, { ...OPTIONS, flake: SOURCE, attribute: runnerOf("web"), progress });
  if (!first.ok) throw new Error(first.detail);
  expect(first.path).toMatch(/^\/nix\/store\/[0-9a-z]{32}-microvm-qemu-web$/);
  expect(first.warnings).toEqual([]);
  expect(notes.filter((note) => / of 2\)$/.test(note))).toEqual([
    "building linux-6.12.1 (1 of 2)",
    "building microvm-qemu-web (2 of 2)",
  ]);
  const link = "/var/lib/kept";
  await addRoot(lab, first.path, link, OPTIONS);
  await shell("echo '\"6.12.5\"' >/etc/nixos/version.nix");
  const second = await attempt("web");
  if (!second.ok) throw new Error(second.detail);
  expect(second.warnings).toEqual(["Git tree '/etc/nixos' is dirty"]);
  const diff = await closureDiff(lab, [first.path, second.path], OPTIONS);
  expect(diff).toEqual([{ name: "linux", before: ["6.12.1"], after: ["6.12.5"], bytes: 0 }]);
  expect(summary(diff)).toBe("1 package changed");
  expect(await closureDiff(lab, [first.path, first.path], OPTIONS)).toEqual([]);

  await addRoot(lab, second.path, link, OPTIONS);
  expect(
    (await shell(`readlink ${link}; nix-collect-garbage >&2; ls -d ${second.path}`)).split("\n").slice(0, 2),
  ).toEqual([second.path, second.path]);
  const gone = closureDiff(lab, [first.path, second.path], OPTIONS);
  await expect(gone).rejects.toThrow(`${first.path} is not in the store of lab`);
  await expect(addRoot(lab, first.path, link, OPTIONS)).rejects.toThrow(
    `${first.path} was not kept as ${link}: `,
  );
  await expect(addRoot(lab, second.path, "/var/lib", OPTIONS)).rejects.toThrow(
    "/var/lib on lab is no link, and is not overwritten",
  );
});

test("what the flake has, without building it", async () => {
  expect(await configurations(lab, SOURCE, OPTIONS)).toEqual({
    ok: true,
    value: ["broken", "module", "my.vm", "plain", "secret", "slow", "syntax", "throws", "web"],
  });
  const runner = await configuredRunner(lab, SOURCE, "my.vm", OPTIONS);
  if (!runner.ok) throw new Error(runner.detail);
  expect(runner.value).toMatch(/^\/nix\/store\/[0-9a-z]{32}-microvm-qemu-my\.vm$/);
  expect(await shell(`ls -d ${runner.value} 2>&1 || true`)).toContain("No such file");
  expect(await configuredRunner(lab, SOURCE, "webb", OPTIONS)).toMatchObject({
    ok: false,
    code: "no-attribute",
    hint: "did you mean web?",
  });
  expect(await shell("ls /etc/nixos")).not.toContain("flake.lock");
  expect(await built("my.vm", "/etc/nixos")).toEndWith("-microvm-qemu-my.vm");
});

/** Evaluated first, and built then. */
const inTwo = async (name: string) => {
  const what = { flake: SOURCE, attribute: runnerOf(name) };
  const derived = await derive(lab, { ...OPTIONS, ...what });
  if (!derived.ok) return { derived, path: undefined, failed: derived };
  const failed = await realise(lab, { ...what, derivation: derived.derivation }, OPTIONS);
  return { derived, path: derived.path, failed };
};

test("what it will be is known before it is built", async () => {
  const derived = await derive(lab, { ...OPTIONS, flake: SOURCE, attribute: runnerOf("slow") });
  if (!derived.ok) throw new Error(derived.detail);
  expect(derived.derivation).toEndWith("-microvm-qemu-slow.drv");
  expect(derived.path).toMatch(/^\/nix\/store\/[0-9a-z]{32}-microvm-qemu-slow$/);
  const { path, failed } = await inTwo("my.vm");
  expect([path, failed]).toEqual([await built("my.vm"), { ok: true }]);
  expect(await shell(`ls -d ${path}`)).toBe(`${path}\n`);
});

test("what was evaluated is garbage until it is built, and is evaluated once more", async () => {
  const what = { ...OPTIONS, flake: SOURCE, attribute: runnerOf("slow") };
  const first = await derive(lab, what);
  if (!first.ok) throw new Error(first.detail);
  const { derivation } = first;
  expect(await isInStore(lab, derivation, OPTIONS)).toBe(true);
  await shell(`nix-store --delete ${derivation}`);
  expect(await isInStore(lab, derivation, OPTIONS)).toBe(false);
  expect(await derive(lab, what)).toEqual(first);
  expect(await isInStore(lab, derivation, OPTIONS)).toBe(true);
});

test.each(["webb", "plain", "broken", "throws", "syntax", "module", "secret"])(
  "%s fails in two steps as it does in one",
  async (name) => {
    const { derived, failed } = await inTwo(name);
    expect(derived.ok).toBe(name === "broken");
    expect(failed).toEqual(await failure(name));
  },
);

describe("why it is not built", () => {
  test.each([
    ["webb", "no-attribute", `${SOURCE} has no machine webb in its nixosConfigurations`],
    ["plain", "no-attribute", `plain is in ${SOURCE}, but it has no config.microvm.declaredRunner`],
    ["broken", "build-failed", "microvm-qemu-broken was not built: it failed with exit code 3"],
    ["throws", "evaluation", "the configuration is wrong: set services.web.port"],
    ["syntax", "syntax", "syntax error, unexpected '=', expecting ';'"],
    [
      "module",
      "untracked",
      "/etc/nixos/modules/new.nix is there, but git does not know it, so that Nix does not see it",
    ],
    ["secret", "untracked", "/etc/nixos/.env is there, but git ignores it, so that Nix does not see it"],
  ])("%s", async (name, code, detail) => {
    for (const flake of [SOURCE, "/etc/nixos"]) {
      const { code: kind, detail: text } = await failure(name, flake);
      expect([kind, text.replaceAll("git+file:///etc/nixos", SOURCE)]).toEqual([
        code,
        detail.replace(SOURCE, flake),
      ]);
    }
  });

  test("the log of the build", async () => {
    expect((await failure("broken")).log).toEqual(["one", "cc: no input files"]);
  });

  test("the place in the file that a person edits", async () => {
    expect((await failure("syntax")).position).toEqual({
      file: "lab:/etc/nixos/syntax.nix",
      line: 4,
      column: 10,
      excerpt: "    vcpu = 2;",
      length: 1,
    });
    expect((await failure("throws")).position).toMatchObject({ file: "lab:/etc/nixos/flake.nix", length: 5 });
  });

  test("what git can be told", async () => {
    const { hint } = await failure("module");
    expect(hint).toBe("let git know it: `git -C /etc/nixos add modules/new.nix` (it need not be committed)");
    await shell("git -C /etc/nixos add modules/new.nix");
    expect((await failure("module")).code).toBe("evaluation");
    await shell("git -C /etc/nixos rm --quiet --cached modules/new.nix");
  });

  test("names to choose from", async () => {
    expect((await failure("webb")).hint).toBe(
      "did you mean web? it has broken, module, my.vm, plain, secret, slow, syntax, throws, web",
    );
    expect((await failure("plain")).hint).toBe("import `microvm.nixosModules.microvm` in its configuration");
  });

  test("another user's repository", async () => {
    await shell("cp -r /etc/nixos /srv/theirs; chown -R 1234 /srv/theirs");
    const theirs = await failure("web", "git+file:///srv/theirs");
    expect([theirs.code, theirs.detail]).toEqual([
      "owner",
      "git does not trust /srv/theirs: it belongs to another user",
    ]);
    await shell("git config --global --add safe.directory /srv/theirs");
    expect(await built("web", "git+file:///srv/theirs")).toEndWith("-microvm-qemu-web");
  });

  test.each([
    ["git+file:///nowhere", "no-flake"],
    ["/nowhere", "no-flake"],
    ["/var/lib", "no-flake"],
    ["github:example/nothing", "network"],
  ] as const)(
    "%s",
    async (flake, code) => {
      expect((await failure("web", flake)).code).toBe(code);
    },
    60_000,
  );

  test("no Nix", async () => {
    await shell("mkdir -p /only; ln -sf /usr/bin/env /only/env");
    expect((await failure("web", SOURCE, new Container("/only"))).code).toBe("nix-missing");
  });

  test("no daemon", async () => {
    await shell(
      "printf '#!/bin/sh\\nexec env NIX_REMOTE=daemon /usr/bin/nix \"$@\"\\n' >/only/nix; chmod +x /only/nix",
    );
    expect((await failure("web", SOURCE, new Container("/only:/usr/bin:/bin"))).code).toBe("daemon");
  });

  test("too little time", async () => {
    const late = await build(lab, { deadline: 1, flake: SOURCE, attribute: runnerOf("web") });
    expect(late).toMatchObject({ ok: false, code: "timeout", detail: "Nix took too long (evaluating)" });
  });

  test("broken off", async () => {
    const stop = new AbortController();
    const progress = (note: string) => void (note.startsWith("building") && stop.abort());
    const asked = { flake: SOURCE, attribute: runnerOf("slow"), signal: stop.signal, progress };
    expect(await build(lab, { ...OPTIONS, ...asked })).toMatchObject({
      ok: false,
      code: "interrupted",
      detail: "broken off while Nix was at it (building microvm-qemu-slow)",
    });
  });
});
