import type { Ready } from "../book/types.ts";
import type { Machine } from "../process/machine.ts";
import { type Probing, probe } from "./probe.ts";

/** One try may take this long, in milliseconds; over ssh, the way there comes on top. */
const TRY_MS = 5_000;
const WAY_MS = 15_000;

/**
 * Tries a recipe's probes once, as `machine` sees them: what runs on a hypervisor is in a network of that. Commands run
 * here. Undefined when all answer; otherwise what was seen instead.
 */
export async function probeFrom(
  machine: Machine,
  ready: Ready,
  probing: Probing,
): Promise<string | undefined> {
  if (!machine.remote) return probe(ready, probing);
  const { http, tcp, ...here } = ready;
  if (http) {
    const limits = ["--max-time", String(TRY_MS / 1000), "--noproxy", "*"];
    const argv = [
      "curl",
      "--fail",
      "--silent",
      "--show-error",
      "--output",
      "/dev/null",
      ...limits,
      "--",
      http,
    ];
    const { exitCode, stderr } = await machine.run(argv, { deadline: TRY_MS + WAY_MS });
    if (exitCode === 127) return `${http} cannot be tried: \`curl\` is missing on ${machine.name}`;
    if (exitCode !== 0) return `${http} does not answer${wordsOf(stderr)}`;
  }
  if (tcp) {
    const colon = tcp.lastIndexOf(":");
    const host = tcp.slice(0, colon).replace(/^\[|\]$/g, "");
    // Bash opens it by itself: no other program for it is on every machine.
    const open = ["bash", "-c", 'exec 3<>"/dev/tcp/$0/$1"', host, tcp.slice(colon + 1)];
    const argv = ["timeout", String(TRY_MS / 1000), ...open];
    const { exitCode } = await machine.run(argv, { deadline: TRY_MS + WAY_MS });
    if (exitCode === 127)
      return `${tcp} cannot be tried: \`timeout\` or \`bash\` is missing on ${machine.name}`;
    if (exitCode !== 0) return `${tcp} takes no connection${exitCode === 124 ? " (timeout)" : ""}`;
  }
  return probe(here, probing);
}

/** `curl: (22) The requested URL returned error: 503`, without the number that only curl knows. */
const wordsOf = (stderr: string): string => {
  const said = /^curl: \(\d+\) (.+)$/m.exec(stderr)?.[1];
  return said ? ` (${said})` : "";
};
