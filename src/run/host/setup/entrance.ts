import { HomelabError } from "../../../errors.ts";
import { fingerprint } from "../../../ssh/keys.ts";
import type { SshMachine } from "../../../ssh/machine.ts";
import { publicKey } from "./key.ts";
import { isKnown, knownLines } from "./known.ts";
import { type HostTarget, SHORT_MS } from "./target.ts";

/**
 * What lets us in, if anything does yet: the key itself, or something else that ssh has. A host may count those who come
 * and do not get in, and shut itself up (PerSourcePenalties): it is asked once until something has changed, and not at
 * all about what cannot be.
 */
export class Entrance {
  private byKey: Promise<boolean> | undefined;
  private byOther: Promise<boolean> | undefined;
  private isNew = false;

  constructor(private readonly target: HostTarget) {}

  /** What did not let us in may do so now. */
  async changed(): Promise<void> {
    if (!(await this.byKey)) this.byKey = undefined;
    this.byOther = undefined;
  }

  /** The key has just been made: nobody can know it, until it has been added. */
  made(): void {
    this.isNew = true;
  }

  async added(): Promise<void> {
    this.isNew = false;
    await this.changed();
  }

  /** Whether the key, and no other, opens the host. Throws when it cannot be reached, or is another one than is known. */
  isOpenToKey(): Promise<boolean> {
    this.byKey ??= this.tryKey();
    return this.byKey;
  }

  /** The host, logged in to without a question; undefined when that is not possible yet. */
  async machine(): Promise<SshMachine | undefined> {
    const { keyed, open } = this.target;
    if (await this.isOpenToKey()) return keyed;
    this.byOther ??= this.tryOther();
    return (await this.byOther) ? open : undefined;
  }

  private async tryKey(): Promise<boolean> {
    const key = this.isNew ? undefined : publicKey(this.target.identity);
    if (!key || !isKnown(await knownLines(this.target))) return false;
    return (await ifLetIn(() => this.target.keyed.acceptedKey())) === fingerprint(key);
  }

  private async tryOther(): Promise<boolean> {
    if (!isKnown(await knownLines(this.target))) return false;
    const result = await ifLetIn(() => this.target.open.run(["true"], { deadline: SHORT_MS }));
    return result !== undefined;
  }
}

/** What is asked, unless the host does not let us in. */
async function ifLetIn<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof HomelabError && error.code === "permission") return undefined;
    throw error;
  }
}
