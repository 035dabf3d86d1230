import type { HostRecipe } from "../../../book/types.ts";
import { HomelabError } from "../../../errors.ts";
import type { Machine } from "../../../process/machine.ts";
import type { ProcessResult } from "../../../process/runner.ts";
import { type Effective, parseEffective } from "../../../ssh/effective.ts";
import type { SshMachine } from "../../../ssh/machine.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export const SHORT_MS = 30_000;

/** A host that is set up from here. */
export interface HostTarget {
  readonly host: HostRecipe;
  /** The homelab. */
  readonly root: string;
  readonly env: Environment;
  /** Absolute path of the private key that homelab is to log in with. */
  readonly identity: string;
  /** This machine. */
  readonly here: Machine;
  /** The host, with that key; and with whatever else lets a person in. */
  readonly keyed: SshMachine;
  readonly open: SshMachine;
  /** Whether somebody can be asked for a password. */
  readonly watched: boolean;
  /** The host key that is to be taken, and no other. */
  readonly fingerprint: string | undefined;
  /** A yes was said in advance: nobody has seen what is shown now. */
  readonly unseen: boolean;
  readonly effective: Effective;
}

/** Asks ssh itself where it would go. */
export async function effectiveOf(here: Machine, open: SshMachine): Promise<Effective> {
  const { settings, address } = open.reach;
  const argv = ["ssh", "-F", settings, "-G", "--", address];
  const { exitCode, stdout, stderr } = await here.run(argv, { deadline: SHORT_MS });
  if (exitCode === 0) return parseEffective(stdout);
  const why = stderr.trim().split("\n").at(-1) ?? "";
  throw new HomelabError("not-configured", `ssh does not accept its settings: ${why}`, {
    hint: "correct that file",
  });
}

/** The last line that a program complained with. */
export const lastLine = ({ stderr, stdout, exitCode }: ProcessResult): string =>
  (stderr.trim() || stdout.trim()).split("\n").at(-1) || `exit code ${exitCode}`;

/** What a step says that needs a login which there is not yet. */
export const LATER = "is looked at after the login";
