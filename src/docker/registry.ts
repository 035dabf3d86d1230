/** The registry of an image, as `docker login` takes it: the default one for a name without a host. */
export function registryOf(image: string): string {
  const { host } = partsOf(image);
  return host === undefined || host === "index.docker.io" ? DEFAULT : host;
}

const DEFAULT = "docker.io";
const ASK_TIMEOUT_MS = 3_000;

const PART = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const REFERENCE = new RegExp(
  `^(?:[A-Za-z0-9.-]+(?::\\d+)?/)?${PART}(?:/${PART})*(?::\\w[\\w.-]{0,127})?(?:@\\w+:[0-9a-f]{32,})?$`,
);

/** Whether a text can be the name of an image at all. */
export const isReference = (text: string): boolean => REFERENCE.test(text);

function partsOf(image: string): { host?: string; name: string; reference: string } {
  const slash = image.indexOf("/");
  const first = image.slice(0, Math.max(0, slash));
  const host = /[.:]|^localhost$/.test(first) ? first : undefined;
  const [, name = "", tag, digest] =
    /^(.+?)(?::([^/@]+))?(?:@(.+))?$/.exec(host === undefined ? image : image.slice(slash + 1)) ?? [];
  return { ...(host && { host }), name, reference: digest ?? tag ?? "latest" };
}

/**
 * Milliseconds after which a registry that refused an image wants to be asked again, as it says itself. The docker
 * command does not pass that on, so the registry is asked once more for the head of the same answer, which counts
 * nowhere. Undefined when it does not say.
 */
export async function askRetryAfter(image: string, signal: AbortSignal): Promise<number | undefined> {
  for (const url of manifestUrls(image)) {
    try {
      const timeout = AbortSignal.timeout(ASK_TIMEOUT_MS);
      const { headers } = await fetch(url, { method: "HEAD", signal: AbortSignal.any([signal, timeout]) });
      return parseRetryAfter(headers.get("retry-after"), Date.now());
    } catch {
      // Not this way: it only helps to know, and whoever asks has a time of his own.
    }
  }
  return undefined;
}

function manifestUrls(image: string): string[] {
  const { host = "registry-1.docker.io", name, reference } = partsOf(image);
  const path = `${host}/v2/${name}/manifests/${reference}`;
  // As Docker does: what is on this machine needs no encryption.
  const plain = /^(?:localhost|127\.[\d.]+)(?::|$)/.test(host);
  return [`https://${path}`, ...(plain ? [`http://${path}`] : [])];
}

/** Milliseconds of a Retry-After header: seconds, or the date at which they are over. */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  const amount = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isFinite(amount) ? Math.max(0, amount) : undefined;
}
