const STATES = [
  "testing",
  "waiting",
  "committing",
  "returning",
  "done",
  "returned",
  "stuck",
  "held",
  "moved",
] as const;

/** What the supervisor on a host is at. */
export interface SupervisorState {
  readonly state: (typeof STATES)[number];
  /** Exit code of what was last tried. */
  readonly code: number;
  /** Why it went back, who holds the lock, or what runs instead. */
  readonly text: string;
}

const ENDS: ReadonlySet<string> = new Set(["done", "returned", "stuck", "held", "moved"]);

/** Whether nothing more comes of it. */
export const isEnd = ({ state }: SupervisorState): boolean => ENDS.has(state);

/** The one line of its state file; undefined for what is none, as when it has not begun. */
export function parseState(text: string): SupervisorState | undefined {
  const [, word, code, rest = ""] = /^([a-z]+) (\d+)(?: (.*))?$/m.exec(text) ?? [];
  const state = STATES.find((each) => each === word);
  return state && { state, code: Number(code), text: rest };
}

/** What it does meanwhile, as a clause. */
export const NOTES: Readonly<Record<string, string>> = {
  testing: "puts the new system into force",
  waiting: "waits to be confirmed",
  committing: "makes it what boots",
  returning: "goes back to the old system",
};

const WHY: Readonly<Record<string, string>> = {
  unconfirmed: "nobody confirmed the new system in time",
  profile: "the profile of the system could not be set",
  boot: "its boot entry could not be made",
  ended: "what supervised the switch was ended",
  rebooted: "it rebooted in the middle of the switch",
  abandoned: "it was broken off",
  unhealthy: "the new system was not healthy",
};

/** What a reboot in the middle of a switch came to: the supervisor is gone, and what boots runs. */
export function afterReboot(
  current: string,
  { before, after }: { readonly before: string; readonly after: string },
): SupervisorState {
  if (current === after) return { state: "done", code: 0, text: "" };
  return {
    state: current === before ? "returned" : "moved",
    code: 0,
    text: current === before ? "rebooted" : current,
  };
}

/** Why a host went back, as a clause. */
export const whyBack = ({ text, code }: SupervisorState): string =>
  text === "activation" ? explainExit(code) : (WHY[text] ?? text);

/** What an exit code of switch-to-configuration means, as a clause. */
export function explainExit(code: number): string {
  switch (code) {
    case 1:
      return "it refused to switch (exit code 1)";
    case 2:
      return "its activation script failed (exit code 2)";
    case 3:
      return "systemd could not be reloaded (exit code 3)";
    case 4:
      return "units failed (exit code 4)";
    case 100:
      return "it can only be booted, not switched to: what starts the system changed (exit code 100)";
    case 101:
      return "switch-to-configuration crashed (exit code 101)";
    case 124:
    case 137:
      return "the activation took too long";
    default:
      return `the activation ended with exit code ${code}`;
  }
}
