/** What switch-to-configuration does to units, or would do. */
export interface UnitChanges {
  readonly stop: readonly string[];
  readonly start: readonly string[];
  readonly restart: readonly string[];
  readonly reload: readonly string[];
  /** Changed, but left as they run. */
  readonly leave: readonly string[];
  /** systemd itself is started anew. */
  readonly systemd: boolean;
}

const VERBS: Readonly<Record<string, "stop" | "start" | "restart" | "reload">> = {
  stop: "stop",
  stopping: "stop",
  start: "start",
  starting: "start",
  restart: "restart",
  restarting: "restart",
  reload: "reload",
  reloading: "reload",
};
const LISTED =
  /^(?:would )?(stop|start|restart|reload|stopping|starting|restarting|reloading) the following units: (.+)$/;
const LEFT =
  /^(?:would NOT (?:stop|restart|reload)|NOT (?:stopping|restarting|reloading)) the following changed units: (.+)$/;

/** Its lines, of `dry-activate` as well as of `test` and `switch`. */
export function parseChanges(text: string): UnitChanges {
  const found = { stop: [], start: [], restart: [], reload: [], leave: [] } as Record<
    "stop" | "start" | "restart" | "reload" | "leave",
    string[]
  >;
  let systemd = false;
  for (const line of text.split("\n")) {
    const [, verb = "", listed = ""] = LISTED.exec(line) ?? [];
    const kind = VERBS[verb];
    if (kind) found[kind].push(...names(listed));
    const [, left] = LEFT.exec(line) ?? [];
    if (left !== undefined) found.leave.push(...names(left));
    if (/^(?:would restart|restarting) systemd\b/.test(line)) systemd = true;
  }
  return { ...found, systemd };
}

/** The units that it says have failed. */
export function parseFailed(text: string): string[] {
  const failed = new Set<string>();
  for (const line of text.split("\n")) {
    const [, one] = /^Failed to (?:start|restart|reload|stop) (\S+?):?(?:\s|$)/.exec(line) ?? [];
    if (one !== undefined) failed.add(one);
    const [, many] = /^warning: the following units failed: (.+)$/.exec(line) ?? [];
    if (many !== undefined) for (const name of names(many)) failed.add(name);
  }
  return [...failed];
}

/** `systemctl list-units --plain --no-legend`: the name stands first. */
export const parseUnitList = (text: string): string[] =>
  text.split("\n").flatMap((line) => /^\s*(?:[●×*] )?(\S+\.\S+)/.exec(line)?.[1] ?? []);

const names = (list: string): string[] =>
  list
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
