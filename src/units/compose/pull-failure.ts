import { registryOf } from "../../docker/registry.ts";
import { type ComposeFailure, explainFailure, lastLines } from "./failure.ts";

/** Why `docker pull` failed, and what that means for further tries. */
export interface PullFailure extends ComposeFailure {
  /**
   * `limited`: the registry wants no further requests for a while. `denied`: it wants a login. `unreachable`: it is
   * not there. `broken`: the transfer broke off, which another try may mend. `other`: another try would end likewise.
   */
  readonly kind: "limited" | "denied" | "unreachable" | "broken" | "other";
  /** Milliseconds after which the registry says that it may be asked again. */
  readonly after?: number | undefined;
}

const LIMITED = /toomanyrequests|\b429\b.*(?:Too Many Requests|response body)|HTTP 429/i;
const DENIED =
  /pull access denied|no basic auth credentials|authentication required|(?:daemon|errors?|[^\w]): ?(?:denied|unauthorized)\b|HTTP (?:response )?(?:status: )?40[13]\b|unexpected HTTP status: 40[13]|unexpected status code .*40[13]/i;
const BROKEN =
  /\bEOF\b|connection reset|broken pipe|TLS handshake timeout|i\/o timeout|deadline exceeded|Client\.Timeout|request canceled|unexpected HTTP status: 5\d\d|stream error|use of closed network connection|server closed|filesystem layer verification failed/i;
const UNREACHABLE = /dial tcp|no such host|connection refused|network is unreachable|no route to host/i;

/** Reads what `docker pull` of an image wrote to standard error before it failed. */
export function explainPull(stderr: string, image: string): PullFailure {
  const registry = registryOf(image);
  if (LIMITED.test(stderr)) {
    return { kind: "limited", reason: "rate-limited", text: limitText(registry), after: named(stderr) };
  }
  if (DENIED.test(stderr)) {
    return {
      kind: "denied",
      reason: "registry-denied",
      text: `${registry} does not give \`${image}\` away: it does not exist there, or a login is needed`,
      hint: `check the name in the compose file; for a private image run \`docker login ${registry}\` as the user who runs homelab`,
    };
  }
  if (BROKEN.test(stderr) && !UNREACHABLE.test(stderr)) {
    const last = lastLines(stderr, 1)[0]?.replace(/^Error response from daemon: /, "") ?? "";
    return {
      kind: "broken",
      reason: "pull-broken",
      text: `the pull of \`${image}\` from ${registry} broke off: ${last}`,
      hint: "run again: what is here of it already is kept",
    };
  }
  const { text, ...why } = explainFailure(stderr);
  const kind = why.reason === "image-missing" && UNREACHABLE.test(stderr) ? "unreachable" : "other";
  return { kind, ...why, text: text.replace(/^docker compose failed/, "docker pull failed") };
}

/** The words for a registry that refuses, and until when it is not asked. */
export function limitText(registry: string, until?: number): string {
  const time = until === undefined ? "for now" : `until ${new Date(until).toTimeString().slice(0, 5)}`;
  return `${registry} gives no more images away ${time} (rate limit)`;
}

export const limitHint = (registry: string): string =>
  `\`docker login ${registry}\` raises the limit; later runs go on by themselves`;

const UNITS: Readonly<Record<string, number>> = {
  µs: 0.001,
  us: 0.001,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Some name the time in the message: `retry-after: 1.2s`. */
function named(text: string): number | undefined {
  const found = /retry[- ]after:? (\d+(?:\.\d+)?) ?(µs|us|ms|s|m|h)/i.exec(text);
  return found ? Number(found[1]) * (UNITS[found[2] ?? ""] ?? 1000) : undefined;
}
