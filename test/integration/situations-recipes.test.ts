import { expect, test } from "bun:test";
import { app, composeFile, idle } from "../helpers/compose.ts";
import { homelab } from "../helpers/homelab.ts";

const NAMES = ["web~", "api~", "db~", "vpn~"];

test.concurrent("situation 28: a circle is shown whole, and nobody does anything before it is cut", async () => {
  await using lab = await homelab({
    "homelab.yml": "services:\n  web~: { needs: [api~] }\n  api~: { needs: [db~] }\n",
    "recipes/more.yml": "services:\n  db~: { needs: [vpn~] }\n  vpn~: {}\n",
    ...Object.fromEntries(NAMES.map((name) => [`services/${name}/compose.yml`, app()])),
    "services/alone~/compose.yml": app(),
  });
  expect(await lab.run("ensure", "web~")).toMatchObject({ code: 0 });
  const before = await lab.ids();
  lab.write({ "recipes/more.yml": "services:\n  db~: { needs: [vpn~] }\n  vpn~: { needs: [web~] }\n" });
  const stderr = `error: recipes need each other in a circle: web~ → api~ → db~ → vpn~ → web~
  recipes/more.yml:3:23
   3 |   vpn~: { needs: [web~] }
     |                       ^^^^^^^^
  hint: take one of these needs out
`;
  const commands = [
    "ensure all",
    "ensure alone~",
    "ensure web~ --force",
    "deploy all --no-pull",
    "restart web~",
  ];
  const others = ["stop web~ --yes", "rollback web~", "plan all", "status", "why web~", "validate", "list"];
  for (const command of [...commands, ...others]) {
    expect([command, await lab.run(...command.split(" "))]).toEqual([
      command,
      { code: 78, stdout: "", stderr },
    ]);
  }
  const { code, document } = await lab.json("ensure", "all");
  expect([code, document.error.code, document.error.position.line]).toEqual([78, "cycle", 3]);
  expect(await lab.ids()).toEqual(before);
});

test.concurrent("situation 28: a need that is unknown stops every command as well", async () => {
  await using lab = await homelab({
    "homelab.yml": "services:\n  web~: { needs: [ap~] }\n  api~: {}\n",
    "services/web~/compose.yml": app(),
    "services/api~/compose.yml": app(),
  });
  const stderr = `error: \`web~\` needs \`ap~\`, but there is no such recipe
  homelab.yml:2:23
   2 |   web~: { needs: [ap~] }
     |                       ^^^^^^^
  hint: did you mean \`api~\`? If not, add it with \`homelab add ap~\`
`;
  for (const command of [
    "ensure all",
    "ensure api~",
    "deploy all --no-pull",
    "plan api~",
    "status",
    "validate",
  ]) {
    expect([command, await lab.run(...command.split(" "))]).toEqual([
      command,
      { code: 78, stdout: "", stderr },
    ]);
  }
  expect(await lab.containers()).toEqual([]);
});

test.concurrent("situation 30: what is invalid in one service stops that one and what needs it, and nothing else", async () => {
  const good = app();
  await using lab = await homelab({
    "homelab.yml": "services:\n  broken~: {}\n  behind~: { needs: [broken~] }\n",
    ...Object.fromEntries(
      ["broken", "behind", "one", "two", "typo"].map((name) => [`services/${name}~/compose.yml`, good]),
    ),
  });
  expect(await lab.run("ensure", "broken~", "typo~")).toMatchObject({ code: 0 });
  const before = await lab.ids();
  lab.write({
    "services/broken~/compose.yml": "services:\n  app: [\n",
    "services/typo~/compose.yml": composeFile({ app: idle({ imagee: "x" }) }),
  });
  const { code, document } = await lab.json("ensure", "all");
  const results = document.steps.map(({ id, result }: { id: string; result: string }) => `${id} ${result}`);
  expect([code, document.outcome, results.sort()]).toEqual([
    78,
    "failed",
    ["behind~ blocked", "broken~ failed", "one~ changed", "two~ changed", "typo~ failed"],
  ]);
  // What was up before it became invalid still is.
  expect(await lab.statuses()).toEqual({
    "services/broken~:app": "running",
    "services/one~:app": "running",
    "services/two~:app": "running",
    "services/typo~:app": "running",
  });
  expect(await lab.ids()).toMatchObject(before);
  expect(await lab.run("ensure", "behind~")).toEqual({
    code: 78,
    stdout: "",
    stderr: `error: malformed YAML in services/broken~/compose.yml: a bracket is not closed
  services/broken~/compose.yml:2:8
   2 |   app: [
     |        ^
  hint: close it with \`]\` or \`}\`
`,
  });
});

test.concurrent("situation 30: validate checks all services, and fails with every problem", async () => {
  await using lab = await homelab({
    "services/bad~/compose.yml": "services:\n  app: [\n",
    "services/good~/compose.yml": app(),
    "services/key~/compose.yml": app({ environment: { KEY: "${KEY:?from the account page}" } }),
    "services/typo~/compose.yml": composeFile({ app: idle({ imagee: "x" }) }),
  });
  expect(await lab.run("validate")).toEqual({
    code: 78,
    stdout: `error: malformed YAML in services/bad~/compose.yml: a bracket is not closed
  services/bad~/compose.yml:2:8
   2 |   app: [
     |        ^
  hint: close it with \`]\` or \`}\`

error: required variable \`KEY\` is not set: from the account page
  services/key~/compose.yml:8:17
   8 |         "KEY": "\${KEY:?from the account page}"
     |                 ^^^^^
  hint: set KEY in services/key~/.env

error: services/typo~: compose refuses the file: validating <root>/services/typo~/compose.yml: services.app additional properties 'imagee' not allowed
  hint: correct it; \`homelab validate\` checks all compose files

checked the recipes and 4 compose projects: 3 problems
`,
    stderr: "",
  });
  expect(await lab.run("validate", "good~")).toEqual({
    code: 0,
    stdout: "checked the recipes and 1 compose project: no problems\n",
    stderr: "",
  });
  expect(await lab.containers()).toEqual([]);
});
