import { expect, test } from "bun:test";
import { chmodSync, renameSync, statSync, symlinkSync } from "node:fs";
import { app } from "../helpers/compose.ts";
import { homelab } from "../helpers/homelab.ts";

const FILES = {
  ".gitignore": ".env\n",
  "services/web~/compose.yml": app(),
  "services/web~/.env.example": "TOKEN=your_token_here\nPORT=8989\n",
  "services/db~/compose.yml": app(),
  "services/db~/.env.example": "PASSWORD=changeme\nNAME=db\n",
  "services/db~/.env": "PASSWORD=hunter2hunter2\nEXTRA=more-secret-text\n",
  "services/plain~/compose.yml": app(),
};

test.concurrent("env check names what is wrong, and no value", async () => {
  await using lab = await homelab(FILES);
  await lab.tool(".", "git", "init", "-q");
  chmodSync(lab.path("services/db~/.env"), 0o644);
  const { code, stdout, stderr } = await lab.run("env", "check", "web~", "db~", "plain~");
  expect([code, stderr]).toEqual([78, ""]);
  expect(stdout).toBe(`problem  services/web~/.env  there is no \`.env\` beside \`.env.example\`
problem  services/db~/.env  \`NAME\` is missing
problem  services/db~/.env  others can read it (mode 644, should be 600)
note  services/db~/.env:2  \`EXTRA\` is not in \`.env.example\`
checked the environment files of 3 services: 3 problems
`);
  lab.write({ ".gitignore": "\n" });
  const { document } = await lab.json("env", "check", "db~");
  expect(document.services[0].findings.map(({ code: each }: { code: string }) => each)).toContain(
    "not-ignored",
  );
  expect(JSON.stringify(document)).not.toMatch(/hunter2|more-secret/);
});

test.concurrent("env init makes private files, completes others, and changes no line", async () => {
  await using lab = await homelab(FILES);
  chmodSync(lab.path("services/db~/.env"), 0o644);
  const dry = await lab.run("env", "init", "--dry-run");
  expect(statSync(lab.path("services/web~/.env"), { throwIfNoEntry: false })).toBeUndefined();
  const made = await lab.run("env", "init");
  expect(made).toEqual(dry);
  expect(made.stdout).toBe(`services/db~/.env: mode 644 made 600, added NAME
services/web~/.env: made from .env.example
  to be filled in: TOKEN
`);
  for (const name of ["web~", "db~"]) {
    expect(statSync(lab.path(`services/${name}/.env`)).mode & 0o777).toBe(0o600);
  }
  expect(await Bun.file(lab.path("services/db~/.env")).text()).toBe(
    `${FILES["services/db~/.env"]}\n# Added from .env.example\nNAME=db\n`,
  );
  expect((await lab.run("env", "init")).stdout).toBe(
    "every service with a template has its environment file\n",
  );
  expect((await lab.run("env", "check", "web~")).stdout).toContain("`TOKEN` is still a placeholder");
});

test.concurrent("env init takes values of several lines whole, and env check sees what compose refuses", async () => {
  const key = 'KEY="-----BEGIN-----\nabc # no comment\n-----END-----"\n';
  await using lab = await homelab({
    ...FILES,
    "services/db~/.env.example": `${key}LAST=1\n`,
    "services/db~/.env": "OWN=1\n",
    "services/web~/.env": 'PORT=1\nTOKEN="open\nwhat is this\n',
  });
  expect((await lab.run("env", "init", "db~")).stdout).toBe(
    "services/db~/.env: mode 644 made 600, added KEY, LAST\n",
  );
  expect(await Bun.file(lab.path("services/db~/.env")).text()).toBe(
    `OWN=1\n\n# Added from .env.example\n${key}LAST=1\n`,
  );
  await lab.compose("services/db~", "config", "-q");
  const { code, stdout } = await lab.run("env", "check", "web~");
  expect([code, stdout.split("\n").filter((line) => line.includes(".env:"))]).toEqual([
    78,
    [
      "problem  services/web~/.env:2  the quote of `TOKEN` is never closed",
      "problem  services/web~/.env:3  this is no `NAME=value`: compose refuses the file",
    ],
  ]);
});

test.concurrent("an environment file that cannot be read or made is told, and the others are done", async () => {
  await using lab = await homelab({
    ...FILES,
    "services/aa~/compose.yml": app(),
    "services/aa~/.env.example": "A=1\n",
    "services/aa~/.env/keep": "",
  });
  symlinkSync("/run/agenix/nowhere", lab.path("services/db~/.env.link"));
  renameSync(lab.path("services/db~/.env.link"), lab.path("services/db~/.env"));
  const { code, stdout, stderr } = await lab.run("env", "init");
  expect({ code, stdout, stderr }).toEqual({
    code: 78,
    stdout: "services/web~/.env: made from .env.example\n  to be filled in: TOKEN\n",
    stderr: `error: services/aa~/.env cannot be read: it is a directory
  hint: move it away, then run this again

error: services/db~/.env cannot be read: it is a link to /run/agenix/nowhere, which is not there
  hint: make what it leads to, or remove the link

2 problems
`,
  });
  const { document } = await lab.json("env", "init");
  expect(document).toEqual({
    version: 1,
    services: [],
    problems: [
      {
        id: "aa~",
        file: "services/aa~/.env",
        message: "services/aa~/.env cannot be read: it is a directory",
      },
      {
        id: "db~",
        file: "services/db~/.env",
        message: "services/db~/.env cannot be read: it is a link to /run/agenix/nowhere, which is not there",
      },
    ],
  });
  expect((await lab.run("env", "check", "aa~", "db~")).stdout).toBe(
    `problem  services/aa~/.env  it cannot be read: it is a directory
problem  services/db~/.env  it cannot be read: it is a link to /run/agenix/nowhere, which is not there
checked the environment files of 2 services: 2 problems
`,
  );
});

test.concurrent("env wants to know what to do", async () => {
  await using lab = await homelab(FILES);
  expect(await lab.run("env")).toMatchObject({ code: 2 });
  expect(await lab.run("env", "chek")).toEqual({
    code: 2,
    stdout: "",
    stderr: "error: `env` has no `chek`\n  hint: did you mean `homelab env check`?\n",
  });
});
