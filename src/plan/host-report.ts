/** A system of a host. */
export interface HostSystem {
  /** Store path. */
  readonly system: string;
  /** Its number in the host's profile; null where it is none of it. */
  readonly generation: number | null;
}

/** How a host fares. Bytes. */
export interface Resources {
  readonly memory: { readonly total: number; readonly available: number } | null;
  /** Averages of the last 1, 5 and 15 minutes. */
  readonly load: readonly number[];
  readonly cores: number | null;
  /** Share of its processors that was busy while the new system was watched, 0 to 1; null where nothing was watched. */
  readonly busy: number | null;
  /** Each file system once. */
  readonly disks: readonly { readonly path: string; readonly total: number; readonly free: number }[];
}

/** What one unit, or another program, wrote as an error, and had not written before. */
export interface JournalErrors {
  readonly unit: string;
  readonly count: number;
  /** The first of them. */
  readonly lines: readonly string[];
}

/** What a host can do: null where that was not looked at, or it could not do it before either. */
export interface Connected {
  readonly ssh: boolean | null;
  readonly route: boolean | null;
  readonly dns: boolean | null;
  readonly tailscale: boolean | null;
}

/** All that was measured of the switch of one host; null where it could not be. */
export interface HostReport {
  /** `test`: until it reboots; `boot`: from its next boot on. Not there when it is both. */
  readonly goal?: "test" | "boot";
  readonly from: HostSystem;
  readonly to: HostSystem;
  /** What runs at the end, as it was seen then. */
  readonly now: HostSystem | null;
  readonly phases: readonly { readonly name: string; readonly durationMs: number }[];
  readonly packages: readonly {
    readonly name: string;
    readonly before: readonly string[];
    readonly after: readonly string[];
    readonly bytes: number;
  }[];
  /** Unit files that are not the same, and what the activation did to units that run. */
  readonly units: Readonly<
    Record<
      "added" | "removed" | "changed" | "started" | "stopped" | "restarted" | "reloaded",
      readonly string[]
    >
  >;
  /** Parts that only a reboot brings into force. */
  readonly reboot: readonly string[];
  readonly resources: { readonly before: Resources | null; readonly after: Resources | null };
  /** Services that run, of those that are to: it does not count what has come to its end as it should. */
  readonly services: { readonly running: number; readonly of: number } | null;
  readonly connected: Connected | null;
  readonly errors: readonly JournalErrors[];
  readonly recommendations: readonly string[];
}
