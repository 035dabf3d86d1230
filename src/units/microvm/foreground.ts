/** What `systemctl show` has of a MicroVM's unit that a run in the foreground takes over. */
const TAKEN_OVER = [
  "User",
  "Group",
  "WorkingDirectory",
  "Environment",
  "LimitNOFILE",
  "LimitMEMLOCK",
] as const;
export const UNIT_PROPERTIES: readonly string[] = TAKEN_OVER;

/** Units of microvm.nix beside `microvm@`: interfaces, devices and shares, and the note of what was booted. */
const HELPERS = ["tap-interfaces", "macvtap-interfaces", "pci-devices", "virtiofsd", "set-booted"] as const;
export const helpersOf = (name: string): string[] => HELPERS.map((each) => `microvm-${each}@${name}.service`);

/** The unit that a run in the foreground is, so that it can be seen and stopped from elsewhere. */
export const foregroundUnit = (name: string): string => `homelab-vm-run-${name}.service`;

/** Where a MicroVM's unit says nothing, what microvm.nix gives it. */
const DEFAULTS: Readonly<Record<string, string>> = { User: "microvm", Group: "kvm" };

/** Reads `systemctl show --property=…` of one unit. */
export function parseProperties(text: string): Map<string, string> {
  return new Map(
    text.split("\n").flatMap((line): [string, string][] => {
      const equals = line.indexOf("=");
      return equals > 0 ? [[line.slice(0, equals), line.slice(equals + 1)]] : [];
    }),
  );
}

export interface ForegroundRun {
  readonly name: string;
  /** State directory. */
  readonly directory: string;
  readonly shown: ReadonlyMap<string, string>;
  readonly terminal: boolean;
}

/**
 * The call that runs a MicroVM as its unit would, but with our terminal. Should somebody start the unit meanwhile, this
 * one ends: two of them would write to the same disks.
 */
export function foregroundCall({ name, directory, shown, terminal }: ForegroundRun): string[] {
  const taken = TAKEN_OVER.flatMap((key) => {
    const value = shown.get(key) || (key === "WorkingDirectory" ? directory : DEFAULTS[key]);
    return value === undefined ? [] : [`--property=${key}=${value}`];
  });
  return [
    ...["systemd-run", "--quiet", "--collect", "--wait", terminal ? "--pty" : "--pipe"],
    `--unit=${foregroundUnit(name)}`,
    `--description=MicroVM '${name}' in the foreground`,
    `--property=Conflicts=microvm@${name}.service`,
    // Told to end, the guest shuts down by itself where it can.
    `--property=ExecStop=-${directory}/current/bin/microvm-shutdown`,
    ...taken,
    "--",
    `${directory}/current/bin/microvm-run`,
  ];
}
