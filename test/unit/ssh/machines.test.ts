import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { loadBook } from "../../../src/book/load.ts";
import type { MicrovmRecipe } from "../../../src/book/types.ts";
import type { HomelabError } from "../../../src/errors.ts";
import { LocalMachine } from "../../../src/process/machine.ts";
import { SshMachine } from "../../../src/ssh/machine.ts";
import { Machines } from "../../../src/ssh/machines.ts";
import { temporary } from "../temporary.ts";

const RECIPES = `hosts:
  p620: { address: p620.lan, user: admin, identity: keys/p620 }
  bare: { identity: ~/.ssh/bare }
microvms:
  vm1: { address: 10.1.0.2, user: admin, host: p620 }
  vm2: { address: 10.1.0.3, host: bare }
  vm3: { host: root@elsewhere:2222 }
  vm4: { address: 10.1.0.4 }
`;

/** The lines of a machine's settings that its route has made. */
function lines(machine: unknown): string[] {
  if (!(machine instanceof SshMachine)) throw new Error("it is this machine");
  return (readFileSync(machine.reach.settings, "utf8").split("\n  ControlPath")[0] ?? "")
    .split(/\n */)
    .slice(1);
}

async function machines(name = "laptop") {
  const dir = temporary({ "homelab.yml": RECIPES });
  const book = await loadBook(dir.path);
  const made = new Machines(book, { HOME: "/home/me", TMPDIR: dir.path }, name);
  const vm = (of: string) => book.recipes.get(of) as MicrovmRecipe;
  return { machines: made, vm, root: dir.path, [Symbol.dispose]: dir[Symbol.dispose] };
}

test("a host is what its recipe says, each once", async () => {
  using lab = await machines();
  const { machines: all, root } = lab;
  expect(lines(all.of("p620"))).toEqual([
    "Host p620.lan",
    "User admin",
    `IdentityFile "${root}/keys/p620"`,
    "IdentitiesOnly yes",
  ]);
  expect(lines(all.of("bare"))).toEqual([
    "Host bare",
    'IdentityFile "/home/me/.ssh/bare"',
    "IdentitiesOnly yes",
  ]);
  expect(lines(all.of("root@elsewhere:2222"))).toEqual(["Host elsewhere", "User root", "Port 2222"]);
  expect(all.of("p620")).toBe(all.of("p620"));
  expect(["p620", "root@elsewhere:2222"].map((host) => all.of(host).name)).toEqual([
    "p620",
    "root@elsewhere:2222",
  ]);
});

test("without a host, and on the host itself, it is this machine", async () => {
  for (const name of ["p620", "P620.lan"]) {
    using lab = await machines(name);
    expect(lab.machines.of("p620")).toBeInstanceOf(LocalMachine);
    expect(lab.machines.of(undefined)).toBe(lab.machines.of("p620"));
    expect(lab.machines.of("bare")).toBeInstanceOf(SshMachine);
  }
});

test("a virtual machine is reached through its host, where that is another machine", async () => {
  using lab = await machines();
  const through = lab.machines.of("p620");
  const guest = await lab.machines.guest(lab.vm("vm1"));
  expect(lines(guest)).toEqual([
    "Host 10.1.0.2",
    "User admin",
    `ProxyCommand ssh -F ${(through as SshMachine).reach.settings} -W '[%h]:%p' -- p620.lan`,
  ]);
  expect(lines(await lab.machines.guest(lab.vm("vm4")))).toEqual(["Host 10.1.0.4"]);
  expect(guest.reach.address).toBe("10.1.0.2");
  using there = await machines("p620");
  expect(lines(await there.machines.guest(there.vm("vm1")))).toEqual(["Host 10.1.0.2", "User admin"]);
});

test("a virtual machine without address cannot be reached itself", async () => {
  using lab = await machines();
  const error = await lab.machines.guest(lab.vm("vm3")).catch((thrown: unknown) => thrown as HomelabError);
  expect(error).toMatchObject({
    code: "recipe-invalid",
    message: "`vm3` cannot be reached: its recipe has no `address`",
    position: { file: "homelab.yml", line: 7 },
  });
});

test("what only ssh may know is left to ssh; what it would take for an option is refused", async () => {
  using lab = await machines();
  expect(lab.machines.of("p621")).toBeInstanceOf(SshMachine);
  expect(() => lab.machines.of("-p620")).toThrow("`-p620` is no host that ssh could reach");
});
