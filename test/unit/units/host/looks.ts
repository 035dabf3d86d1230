import { parseShow } from "../../../../src/systemd/show.ts";
import type { Measure, ServiceLook } from "../../../../src/units/host/measure.ts";

/** A service that runs; what is not given is uninteresting. */
export const service = (more: Partial<ServiceLook> = {}): ServiceLook => ({
  ...{ active: "active", sub: "running", result: "success", restarts: 0, started: 100 },
  ...{ memory: undefined, most: undefined },
  ...more,
});

/** A look at a host that has nothing of anything; `asked`: the states of units. */
export function looks({
  asked = {},
  ...more
}: Partial<Omit<Measure, "asked">> & { asked?: Readonly<Record<string, string>> } = {}): Measure {
  const blocks = Object.values(asked).map((active) => `ActiveState=${active}\nSubState=sub\n`);
  return {
    ...{ at: 10_000, systemd: "running", failed: [], services: new Map() },
    asked: parseShow(blocks.join("\n"), Object.keys(asked)),
    ...{ route: false, route6: false, resolves: false, tailscale: undefined },
    ...{ load: [], cores: undefined, cpu: undefined, memory: undefined, disks: [] },
    ...{ current: "", profile: "", generation: undefined, oldest: undefined, errors: [] },
    ...more,
  };
}
