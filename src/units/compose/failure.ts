/** Why compose failed, as far as its words tell. */
export interface ComposeFailure {
  /** For programs: stable. An error code of its own where there is one. */
  readonly reason: string;
  readonly text: string;
  readonly hint?: string | undefined;
}

interface Rule {
  readonly pattern: RegExp;
  readonly reason: string;
  readonly text: (match: RegExpExecArray) => string;
  readonly hint?: (match: RegExpExecArray) => string;
}

/** Compose exits with 1 for nearly everything, so its words have to be read. First match wins. */
const RULES: readonly Rule[] = [
  {
    pattern: /required variable (\S+) is missing a value(?:: (.*))?/,
    reason: "variable-unset",
    text: (m) => `required variable \`${m[1]}\` is not set${m[2] ? `: ${m[2]}` : ""}`,
    hint: (m) => `set ${m[1]} in the service's .env`,
  },
  {
    pattern:
      /Bind for (\S+) failed: port is already allocated|listen \w+ (\S+): bind: address already in use/,
    reason: "port-taken",
    text: (m) => `port ${(m[1] ?? m[2])?.split(":").at(-1)} is already taken (${m[1] ?? m[2]})`,
    hint: (m) => {
      const port = (m[1] ?? m[2])?.split(":").at(-1);
      return `see who has it: \`docker ps --filter publish=${port}\`, \`ss -ltnp 'sport = :${port}'\``;
    },
  },
  {
    pattern: /Conflict\. The container name "?\/?([^"\s]+)"? is already in use by container "?(\w{12})/,
    reason: "name-taken",
    text: (m) => `the container name \`${m[1]}\` is already in use by container ${m[2]}`,
    hint: (m) => `\`docker inspect ${m[2]}\` shows whose it is; remove or rename one of the two`,
  },
  {
    pattern: /network (\S+) declared as external, but could not be found/,
    reason: "network-missing",
    text: (m) => `the external network \`${m[1]}\` does not exist`,
    hint: (m) => `create it with \`docker network create ${m[1]}\``,
  },
  {
    pattern: /external volume "?([^"\s]+)"? not found/,
    reason: "volume-missing",
    text: (m) => `the external volume \`${m[1]}\` does not exist`,
    hint: (m) => `create it with \`docker volume create ${m[1]}\``,
  },
  {
    pattern:
      /cannot join network (?:namespace )?of a (?:non[- ]running|restarting) container: (?:container )?([\w-]+)/,
    reason: "network-lost",
    text: (m) => `the container whose network it shares (${m[1]?.slice(0, 12)}) is not running`,
    hint: () => "let the recipe need the service that makes it, or start it",
  },
  {
    pattern: /No such container: (\S+)/,
    reason: "container-missing",
    text: (m) => `the container \`${m[1]}\` that it shares its network with does not exist`,
    hint: () => "let the recipe need the service that makes it",
  },
  {
    pattern: /no space left on device/i,
    reason: "disk-full",
    text: () => "no space left on the disk",
    hint: () => "`homelab cleanup` removes images that nothing needs; `docker system df` shows what takes it",
  },
  {
    pattern: /(?:pull access denied for|repository) (\S+?)(?:,| does not exist| not found)/,
    reason: "image-missing",
    text: (m) => `the image \`${m[1]}\` is not here and cannot be pulled: unknown, or a login is needed`,
    hint: () => "check the name in the compose file; for a private registry run `docker login`",
  },
  {
    pattern: /manifest (?:for (\S+) not found|unknown)|name unknown|no such image: (\S+?)(?:: |\s|$)/i,
    reason: "image-missing",
    text: (m) => `the image${m[1] || m[2] ? ` \`${m[1] ?? m[2]}\`` : ""} does not exist in its registry`,
    hint: () => "check its name and tag in the compose file",
  },
  {
    pattern: /daemon: (?:denied|unauthorized)\b/,
    reason: "image-missing",
    text: () => "the registry does not give the image away: it does not exist there, or a login is needed",
    hint: () => "check its name in the compose file, or run `docker login`",
  },
  {
    pattern: /toomanyrequests/i,
    reason: "rate-limited",
    text: () => "the registry refuses further pulls for now (rate limit)",
    hint: () => "wait, or log in with `docker login` for a higher limit",
  },
  {
    pattern: /Get "?(https?:\/\/[^/"\s]+)[^\n]*(?:dial tcp|no such host|timeout|refused|deadline)[^\n]*/i,
    reason: "image-missing",
    text: (m) => `the image is not here, and its registry ${m[1]} cannot be reached`,
    hint: () => "check the network and the name of the registry, then run again",
  },
  {
    pattern: /Cannot connect to the Docker daemon|error during connect/i,
    reason: "docker-unavailable",
    text: () => "Docker went away during the change",
    hint: () => "see `systemctl status docker`, then run again",
  },
  {
    pattern: /network [0-9a-f]{64} not found/,
    reason: "network-gone",
    text: () => "the network that its container was made with does not exist any more",
    hint: () => "`homelab ensure` with `--force` makes the container anew",
  },
  {
    pattern: /task \w{64}: already exists|daemon: id already in use/,
    reason: "task-lost",
    text: () => "Docker was killed while it started a container, and cannot start that one again",
    hint: () => "restart the machine if it still runs; `homelab ensure` with `--force` makes it anew",
  },
  {
    pattern: /client version (\S+) is too (old|new)[^\n]*/,
    reason: "unsupported",
    text: (m) => `Docker Compose and Docker do not speak the same version: ${m[0].trim()}`,
    hint: () => "update the older of the two",
  },
  {
    pattern: /address pool among the defaults/,
    reason: "no-subnet",
    text: () => "Docker has no address range left for another network",
    hint: () =>
      "`docker network prune` frees those that nothing uses; `default-address-pools` in Docker's settings adds more",
  },
  {
    pattern: /failed to read (\S+): line (\d+): ([^\n"']*)/,
    reason: "compose-invalid",
    text: (m) => `${m[1]}, line ${m[2]}, is malformed: ${m[3]?.trim()}`,
    hint: () => "each line is `NAME=value`; quote a value that has spaces",
  },
  {
    pattern: /^invalid interpolation format for (\S+?)\.?$/m,
    reason: "compose-invalid",
    text: (m) => `compose refuses the file: malformed variable in ${m[1]}`,
    hint: () => "write `$$` for a dollar sign, `${NAME}` for a variable",
  },
  {
    pattern:
      /^.*(?:failed to parse |validating |invalid compose project|empty compose file|no service selected|env file .* not found).*/m,
    reason: "compose-invalid",
    text: (m) => `compose refuses the file: ${m[0].trim()}`,
    hint: () => "correct it; `homelab validate` checks all compose files",
  },
];

/** Reads what compose wrote to standard error before it failed. */
export function explainFailure(stderr: string): ComposeFailure {
  for (const rule of RULES) {
    const match = rule.pattern.exec(stderr);
    if (!match) continue;
    return {
      reason: rule.reason,
      text: rule.text(match),
      hint: rule.hint?.(match),
    };
  }
  const last = lastLines(stderr, 1)[0] ?? "it said nothing";
  return { reason: "compose-failed", text: `docker compose failed: ${last}` };
}

/** Compose's progress: " Container plex-app-1  Creating", " app Pulling". */
const PROGRESS =
  /^ ?(?:(?:Container|Network|Volume|Image) )?\S+ +(?:[A-Z][a-z]+(?:ed|ing)|Healthy|Recreate)$/;

/** Its progress with the layers of an image: " a60d3a9562b3 Downloading [=>    ]  36.45kB/1.069MB". */
const LAYER =
  /^ ?[0-9a-f]{12} (?:Already exists|Pulling fs layer|Waiting|Downloading|Verifying Checksum|Download complete|Extracting|Pull complete)\b/;

/** The last lines of what a program wrote, without empty ones and without compose's progress. */
export function lastLines(text: string, count: number): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== "" && !PROGRESS.test(line) && !LAYER.test(line))
    .slice(-count);
}
