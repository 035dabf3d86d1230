import { expect, test } from "bun:test";
import { foregroundCall, helpersOf, parseProperties } from "../../../../src/units/microvm/foreground.ts";

const DIRECTORY = "/var/lib/microvms/vm1";
const call = (shown: string, terminal = true) =>
  foregroundCall({ name: "vm1", directory: DIRECTORY, shown: parseProperties(shown), terminal });

test("a run in the foreground is what the unit would run, as the unit would run it", () => {
  const shown = "User=vms\nGroup=kvm\nWorkingDirectory=/srv/vm1\nEnvironment=A=b C=d\nLimitNOFILE=4096\n";
  expect(call(shown)).toEqual([
    "systemd-run",
    "--quiet",
    "--collect",
    "--wait",
    "--pty",
    "--unit=homelab-vm-run-vm1.service",
    "--description=MicroVM 'vm1' in the foreground",
    "--property=Conflicts=microvm@vm1.service",
    `--property=ExecStop=-${DIRECTORY}/current/bin/microvm-shutdown`,
    "--property=User=vms",
    "--property=Group=kvm",
    "--property=WorkingDirectory=/srv/vm1",
    "--property=Environment=A=b C=d",
    "--property=LimitNOFILE=4096",
    "--",
    `${DIRECTORY}/current/bin/microvm-run`,
  ]);
});

test("what the unit does not say is as microvm.nix has it; without a terminal there is none", () => {
  const argv = call("User=\nWorkingDirectory=\n", false);
  expect(argv).toContain("--pipe");
  expect(argv).toContain("--property=User=microvm");
  expect(argv).toContain("--property=Group=kvm");
  expect(argv).toContain(`--property=WorkingDirectory=${DIRECTORY}`);
  expect(argv.some((word) => word.includes("Environment") || word.includes("Limit"))).toBe(false);
});

test("the helpers are those of microvm.nix", () => {
  expect(helpersOf("vm1")).toContain("microvm-virtiofsd@vm1.service");
  expect(helpersOf("vm1")[0]).toBe("microvm-tap-interfaces@vm1.service");
});
