import type { MicrovmRecipe } from "../../book/types.ts";
import type { HomelabError } from "../../errors.ts";
import type { Seen } from "../status.ts";
import type { UnitWork } from "../systemd/driver.ts";
import type { Pending, VmChoice } from "./decide.ts";
import type { VmDir } from "./state.ts";

/** One MicroVM in a run. */
export interface VmWork extends UnitWork<MicrovmRecipe> {
  dir?: VmDir | undefined;
  /** The flake that it is built from, where one is known. */
  flake?: string | undefined;
  configured?: string | undefined;
  /** Why what it is configured to cannot be said. */
  trouble?: HomelabError | undefined;
  built?: string | undefined;
  /** What was put in place by this run. */
  inPlace?: string | undefined;
  /** What its probes found wrong before it was changed. */
  silent?: string | undefined;
  /** The runner that is gone back to. */
  proven?: string | undefined;
  fellBack?: boolean | undefined;
  /** It was put back while it was down, and stays so. */
  rests?: boolean | undefined;
  choice?: VmChoice | undefined;
}

/** One MicroVM for a list. */
export interface VmView {
  readonly name: string;
  readonly machine: string;
  /** Whether its host could be asked. */
  readonly asked: boolean;
  readonly seen: Seen;
  readonly dir: VmDir | undefined;
  /** Bytes in use by its processes on the hypervisor. */
  readonly memory: number | undefined;
  readonly pending: Pending | undefined;
}
