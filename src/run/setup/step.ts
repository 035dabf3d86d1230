type Environment = Readonly<Record<string, string | undefined>>;

export interface SetupTarget {
  /** Where the repository is, or is to be. Absolute. */
  readonly root: string;
  /** Where it comes from, when it is not there yet. */
  readonly url: string | undefined;
  /** Who owns services and their data. */
  readonly user: string;
  readonly env: Environment;
}

/** How a step was found: done, to be done, or nothing that this machine has. */
export interface SetupState {
  readonly is: "ok" | "to do" | "not here";
  /** A few words. */
  readonly why: string;
}

/** One step of setting a server up. Looking changes nothing; applying again changes nothing either. */
export interface SetupStep {
  readonly id: string;
  readonly what: string;
  /** Only root may do it. */
  readonly root: boolean;
  look(): Promise<SetupState>;
  apply(): Promise<void>;
}

export const ok = (why = ""): SetupState => ({ is: "ok", why });
export const todo = (why: string): SetupState => ({ is: "to do", why });
export const notHere = (why: string): SetupState => ({ is: "not here", why });
