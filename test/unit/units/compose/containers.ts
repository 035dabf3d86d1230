import type { ContainerDetails } from "../../../../src/docker/types.ts";
import type { Release, ReleasedContainer } from "../../../../src/store/releases.ts";
import type { ContainerView } from "../../../../src/units/compose/observe.ts";
import { parseUptime } from "../../../../src/units/compose/uptime.ts";

export const AT = Date.parse("2026-11-20T12:00:00Z");
/** Up for five minutes at `AT`. */
export const STARTED = AT - 5 * 60_000;

/** A container as the listing shows it; running for five minutes unless `more` says otherwise. */
export function view(name: string, more: Partial<ContainerView> = {}): ContainerView {
  const status = more.status ?? "Up 5 minutes";
  return {
    id: `id-${name}`,
    name,
    service: name,
    project: "shop",
    dir: "/srv/services/shop",
    image: "app:1",
    imageId: "sha256:one",
    state: "running",
    health: "none",
    uptime: parseUptime(status),
    status,
    created: AT / 1000 - 400,
    configHash: "",
    ...more,
  };
}

export function released(name: string, more: Partial<ReleasedContainer> = {}): ReleasedContainer {
  return {
    service: name,
    id: `id-${name}`,
    image: "app:1",
    imageId: "sha256:one",
    kind: "running",
    health: false,
    startedAt: STARTED,
    restarts: 0,
    ...more,
  };
}

export function release(...containers: ReleasedContainer[]): Release {
  return {
    project: "shop",
    dir: "/srv/services/shop",
    manifest: { files: [], variables: [] },
    compose: [],
    containers,
  };
}

interface DetailsOptions {
  readonly state?: Partial<ContainerDetails["State"]>;
  readonly check?: NonNullable<ContainerDetails["Config"]["Healthcheck"]>;
  readonly host?: Partial<ContainerDetails["HostConfig"]>;
  readonly restarts?: number;
}

/** A container as the engine describes it alone. */
export function details({ state, check, host, restarts = 0 }: DetailsOptions = {}): ContainerDetails {
  return {
    Id: "id-app",
    Name: "/app",
    Image: "sha256:one",
    Created: "2026-11-20T11:55:00Z",
    RestartCount: restarts,
    State: {
      Status: "running",
      ExitCode: 0,
      Error: "",
      OOMKilled: false,
      StartedAt: "2026-11-20T11:55:00Z",
      FinishedAt: "0001-01-01T00:00:00Z",
      ...state,
    },
    Config: { Image: "app:1", Tty: false, Labels: null, ...(check ? { Healthcheck: check } : {}) },
    HostConfig: { NetworkMode: "default", ...host },
  };
}
