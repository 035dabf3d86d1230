import type { SetupStep } from "../../setup/step.ts";
import { Entrance } from "./entrance.ts";
import { keyPair } from "./key.ts";
import { knownHost } from "./known-host.ts";
import { authorised } from "./login.ts";
import { askNeeds, type Needs, needsStep } from "./needs.ts";
import { sudoStep } from "./sudo.ts";
import { type SyncTo, syncStep } from "./sync.ts";
import type { HostTarget } from "./target.ts";

export interface HostSetup {
  readonly steps: readonly SetupStep[];
  /** What the host has; undefined before one can log in to it. */
  readonly needs: () => Promise<Needs | undefined>;
}

/** What makes a host one that homelab can work with, in this order. */
export function hostSetup(target: HostTarget, sync: SyncTo): HostSetup {
  const entrance = new Entrance(target);
  const steps = [
    keyPair(target.identity, target.env, () => entrance.made()),
    knownHost(target, entrance),
    authorised(target, entrance),
    sudoStep(target, entrance),
    needsStep(target, entrance),
    syncStep(target, entrance, sync),
  ];
  return { steps, needs: () => askNeeds(entrance) };
}
