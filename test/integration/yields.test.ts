import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { homelab } from "../helpers/homelab.ts";
import { BINARY } from "../helpers/paths.ts";

test.concurrent("a task goes before the command of the same name where that is a verb of hosts", async () => {
  await using lab = await homelab({
    "homelab.yml": `hosts: { web: {} }
tasks:
  build: { description: Compile all, params: [what], run: 'echo "build $what"' }
  test: { run: echo test }
  gc: { run: echo gc }
  deploy-debug: { run: echo debug }
`,
  });
  expect((await lab.run("build", "web")).stdout).toBe("build web\n");
  expect((await lab.run("test")).stdout).toBe("test\n");
  expect((await lab.run("gc")).stdout).toBe("gc\n");
  expect((await lab.run("deploy-debug")).stdout).toBe("debug\n");
  expect((await lab.run("help", "build")).stdout).toStartWith("Compile all\n");
  expect((await lab.run("build", "--help")).stdout).toStartWith("Compile all\n");
  expect((await lab.run("validate")).code).toBe(0);
  expect(await lab.run("host", "build", "web")).toMatchObject({
    code: 78,
    stderr:
      "error: there is no flake.nix in <root> or in <root>/nixos\n  hint: the systems of hosts are the `nixosConfigurations` of a flake in the homelab\n",
  });
  const taken = await homelab({ "homelab.yml": "tasks:\n  deploy: { run: echo no }\n" });
  await using _ = taken;
  expect((await taken.run("validate")).code).toBe(78);
});

test.concurrent("without such a task it is the verb; `deploy-debug` is also `deploy` of what is called `debug`", async () => {
  await using lab = await homelab({
    "homelab.yml": "hosts: { web: { stage: production } }\nmicrovms: { vm1: {} }\n",
  });
  expect((await lab.run("build", "web")).stderr).toStartWith("error: there is no flake.nix in <root>");
  expect((await lab.run("build", "vm1")).stderr).toBe(
    "error: `vm1` is a microvm, and no host\n  hint: `homelab vm` is for MicroVMs\n",
  );
  expect((await lab.run("diff")).stderr).toBe(
    "error: `diff` needs a host\n  hint: see `homelab diff --help`\n",
  );
  expect((await lab.run("help", "gc")).stdout).toStartWith("Removes old generations of the system");
  expect((await lab.run("deploy-debug", "web")).stderr).toContain("there is no flake.nix");
  expect((await lab.run("__complete", "build", "")).stdout).toBe("production\nweb\n");
  lab.write({ "homelab.yml": "hosts: { debug: {}, web: {} }\n" });
  expect((await lab.run("deploy-debug", "--dry-run")).stderr).not.toContain("needs a host");
});

test.concurrent("a mistake in the recipes does not let a command run in place of the task of its name", async () => {
  const task = "tasks:\n  fmt: { description: Formats all, run: echo mine }\n";
  await using lab = await homelab({ "homelab.yml": `${task}groups: { a: [unknown] }\n`, "a.nix": "{ } \n" });
  await lab.tool(".", "git", "init", "--quiet");
  await lab.tool(".", "git", "add", "--all");
  const { code, stdout, stderr } = await lab.run("fmt");
  expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
  expect(stderr).toContain("unknown");
  // Help changes nothing, and a command without such a task reads no recipes.
  expect((await lab.run("fmt", "--help")).stdout).toStartWith("Formats the Nix files");
  expect((await lab.run("lint")).stdout).toBe("checked 1 Nix file: nothing found\n");
  lab.write({ "homelab.yml": task });
  expect((await lab.run("fmt")).stdout).toContain("mine");
});

test.concurrent("what is old beside the log of a deploy, and cannot go, holds nothing up", async () => {
  await using lab = await homelab({ "homelab.yml": "hosts: { web: {} }\n" });
  for (let day = 1; day <= 10; day++)
    mkdirSync(join(lab.state, "debug", `2020010${day}`), { recursive: true });
  const { code, stderr } = await lab.run("deploy-debug", "web");
  expect(code).toBe(78);
  expect(stderr).toContain("warning: an old log stays: ");
  expect(stderr).toContain("all that was said is in ");
});

test.concurrent("inside of the task of its name it is the command that is meant", async () => {
  await using lab = await homelab({
    "homelab.yml": `tasks:
  lint: { run: [echo mine, "timeout 20 ${BINARY} lint"] }
  every: { run: "timeout 20 ${BINARY} lint" }
  deploy-debug: { run: "timeout 20 ${BINARY} deploy-debug --help" }
`,
    "a.nix": "{ }\n",
  });
  const lint = "mine\nchecked 1 Nix file: nothing found\n";
  expect(await lab.run("lint")).toMatchObject({ code: 0, stdout: lint });
  // Of another name: the task goes first there, too.
  expect(await lab.run("every")).toMatchObject({ code: 0, stdout: lint });
  expect((await lab.run("deploy-debug")).stdout).toStartWith("Deploys hosts as `host deploy` does");
});
