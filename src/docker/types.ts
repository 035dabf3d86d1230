/** What `GET /containers/json` says of one container: the parts that are used. */
export interface ContainerSummary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly ImageID: string;
  /** Seconds since the epoch. */
  readonly Created: number;
  readonly Labels: Readonly<Record<string, string>> | null;
  /** created | running | paused | restarting | removing | exited | dead */
  readonly State: string;
  /** "Up 3 minutes (healthy)", "Exited (0) 2 hours ago". */
  readonly Status: string;
  readonly HostConfig?: { readonly NetworkMode?: string };
  /** Those of the host only where something is published, and only while it runs. */
  readonly Ports?:
    | readonly { readonly IP?: string; readonly PublicPort?: number; readonly Type: string }[]
    | null;
}

/** What `GET /images/json` says of one image: the parts that are used. */
export interface ImageSummary {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
  /** Bytes, layers that it shares with others included. */
  readonly Size: number;
}

export interface HealthProbe {
  readonly Start: string;
  readonly End: string;
  readonly ExitCode: number;
  readonly Output: string;
}

/** What `GET /containers/{id}/json` says: the parts that are used. Durations of health checks in nanoseconds. */
export interface ContainerDetails {
  readonly Id: string;
  readonly Name: string;
  readonly Image: string;
  readonly Created: string;
  readonly RestartCount: number;
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly Error: string;
    readonly OOMKilled: boolean;
    readonly StartedAt: string;
    readonly FinishedAt: string;
    readonly Health?: {
      readonly Status: string;
      readonly FailingStreak: number;
      readonly Log: readonly HealthProbe[] | null;
    } | null;
  };
  readonly Config: {
    readonly Image: string;
    readonly Tty: boolean;
    /** Seconds from asking it to stop to killing it; -1: never. Absent: the engine's 10. */
    readonly StopTimeout?: number | undefined;
    readonly Labels: Readonly<Record<string, string>> | null;
    readonly Healthcheck?: {
      readonly Test?: readonly string[];
      readonly Interval?: number;
      readonly Timeout?: number;
      readonly StartPeriod?: number;
      readonly Retries?: number;
    } | null;
  };
  readonly HostConfig: {
    readonly NetworkMode: string;
    readonly RestartPolicy?: { readonly Name: string; readonly MaximumRetryCount: number };
    readonly PortBindings?: Readonly<Record<string, unknown>> | null;
  };
}

/** One line of `GET /events`. */
export interface DockerEvent {
  readonly Type: string;
  readonly Action: string;
  /** Epoch seconds. */
  readonly time: number;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

/** Labels that compose puts on its containers. */
export const LABEL = {
  project: "com.docker.compose.project",
  service: "com.docker.compose.service",
  number: "com.docker.compose.container-number",
  oneoff: "com.docker.compose.oneoff",
  workingDir: "com.docker.compose.project.working_dir",
  configHash: "com.docker.compose.config-hash",
  configFiles: "com.docker.compose.project.config_files",
} as const;
