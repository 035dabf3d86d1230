/** What systemd is to run. */
export interface TimersRequest {
  /** Absolute path of this program. */
  readonly program: string;
  readonly root: string;
  /** As typed; none means everything and the system. */
  readonly targets: readonly string[];
  /** When, as systemd.time(7) writes it. */
  readonly at: string;
}

/** Where an admin's own units are. */
export const UNIT_DIRECTORY = "/etc/systemd/system";
export const DEPLOY_TIMER = "homelab-deploy.timer";
export const DEPLOY_SERVICE = "homelab-deploy.service";
export const BOOT_SERVICE = "homelab-boot.service";

/** A run that another one holds up waits for it; when it has to give up (75), that is nothing to be alarmed about. */
const WAIT = ["--lock-wait", "30m"];
/** What comes after `docker.service` also begins when that failed its first start, and systemd tries it again. */
const BOOT_WAIT = [...WAIT, "--docker-wait", "5m"];
const MOST = `SuccessExitStatus=75
# The program alone is told to stop, so that the change in hand comes to its end.
KillMode=mixed
TimeoutStopSec=5min
`;

/** The command line of the timer. */
const deployCommand = ({ program, root, targets }: TimersRequest): string[] => [
  program,
  "-C",
  root,
  ...(targets.length > 0 ? ["deploy", ...targets] : ["deploy-all"]),
  ...WAIT,
];

/** The command line at boot. */
const bootCommand = ({ program, root, targets }: TimersRequest): string[] => [
  program,
  "-C",
  root,
  "ensure",
  ...(targets.length > 0 ? targets : ["all"]),
  ...BOOT_WAIT,
];

/**
 * The unit files by name. No `OnFailure=`: homelab itself tells of failures, once and when they end (`homelab help
 * notifications`).
 */
export function unitFiles(request: TimersRequest): Record<string, string> {
  const what = request.targets.length > 0 ? request.targets.join(" ") : "all";
  return {
    [DEPLOY_SERVICE]: `[Unit]
Description=homelab: deploy ${noSpecifier(what)}
Wants=network-online.target
After=network-online.target docker.service

[Service]
Type=oneshot
ExecStart=${commandLine(deployCommand(request))}
${MOST}`,
    [DEPLOY_TIMER]: `[Unit]
Description=homelab: deploy ${noSpecifier(what)}, regularly

[Timer]
OnCalendar=${request.at}
RandomizedDelaySec=15min
# What was missed while the machine was off is made up for.
Persistent=true

[Install]
WantedBy=timers.target
`,
    [BOOT_SERVICE]: `[Unit]
Description=homelab: ensure ${noSpecifier(what)} after boot
Wants=docker.service network-online.target
After=docker.service network-online.target

[Service]
Type=oneshot
ExecStart=${commandLine(bootCommand(request))}
${MOST}
[Install]
WantedBy=multi-user.target
`,
  };
}

/** `%` begins a specifier in every setting. */
const noSpecifier = (text: string): string => text.replaceAll("%", "%%");

/** A command line as systemd.service(5) reads it back. */
const commandLine = (words: readonly string[]): string => words.map(quoted).join(" ");

function quoted(word: string): string {
  const text = noSpecifier(word).replaceAll("$", () => "$$");
  return /^[\w@%+=:,./$-]+$/.test(text) ? text : `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** Settings of the units in the output of `systemctl show`: blocks of `Key=value` with an empty line between. */
export function parseShow(text: string): Record<string, string>[] {
  return text
    .trim()
    .split(/\n\n+/)
    .map((block) =>
      Object.fromEntries(
        block.split("\n").map((line) => {
          const at = line.indexOf("=");
          return [line.slice(0, at), line.slice(at + 1)];
        }),
      ),
    );
}

/** A time of `systemctl show` under TZ=UTC, such as "Sun 2026-11-22 04:03:11 UTC"; undefined for none. */
export function parseTime(text: string | undefined): Date | undefined {
  const [, day, time] = /(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC$/.exec(text ?? "") ?? [];
  return day === undefined ? undefined : new Date(`${day}T${time}Z`);
}
