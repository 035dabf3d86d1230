import type { VmFacts } from "../../../../src/units/microvm/decide.ts";
import type { LinkName, VmDir } from "../../../../src/units/microvm/state.ts";
import { running, unit } from "../systemd/states.ts";

export const dir = (links: Partial<Record<LinkName, string>>, change: Partial<VmDir> = {}): VmDir => ({
  ...{ name: "vm1", declarative: false, hasFlake: true },
  runners: Object.fromEntries(
    Object.entries(links).map(([name, path]) => [name, { path, system: undefined }]),
  ),
  ...change,
});

export const facts = (change: Partial<VmFacts> = {}): VmFacts => ({
  ...{ name: "vm1", machine: "p620", remote: true, state: running(), buildable: true, configured: "one" },
  dir: dir({ current: "one", booted: "one" }),
  ...change,
});

/** The same as nothing has been evaluated: what `ensure` knows. */
export const plain = (change: Partial<VmFacts> = {}) =>
  facts({ configured: undefined, buildable: false, ...change });
export const declared = (links: Partial<Record<LinkName, string>>) =>
  plain({ dir: dir(links, { declarative: true, hasFlake: false }) });

export const off = { state: unit(), dir: dir({ current: "one" }) };
export const stale = { dir: dir({ current: "one", booted: "zero" }) };
export const outdated = { configured: "two" };
export const refused = { configured: "two", dir: dir({ current: "one", booted: "one", refused: "two" }) };
export const unbuilt = { state: unit(), dir: dir({}) };
