import type { Book } from "../../book/types.ts";
import { HomelabError } from "../../errors.ts";
import type { Machine } from "../../process/machine.ts";
import { Machines } from "../../ssh/machines.ts";
import { readVmDirs } from "../../units/microvm/state.ts";
import type { Context } from "../context.ts";
import { isVm, type Unasked } from "./named.ts";

/** What the state directories of this machine, and of the hosts that run a MicroVM with a recipe, have beside the recipes. */
export class FoundVms {
  private readonly asked = new Map<Machine, Promise<readonly string[]>>();
  private readonly failed: Unasked[] = [];
  private known: Machines | undefined;

  constructor(private readonly env: Context["env"]) {}

  /** The machines of a book: all that is read in one context speaks of the same ones. */
  machines(book: Book): Machines {
    this.known ??= new Machines(book, this.env);
    return this.known;
  }

  /** Those that could not be asked so far. */
  get unasked(): readonly Unasked[] {
    return this.failed;
  }

  /** Adds what was found to a book. Each machine is asked once, all of them at the same time. */
  async complete(book: Book): Promise<Book> {
    const hosts = [
      ...new Set([undefined, ...[...book.recipes.values()].filter(isVm).map(({ host }) => host)]),
    ];
    const found = await Promise.all(hosts.map((host) => this.namesOn(host, book)));
    const recipes = new Map(book.recipes);
    for (const [at, host] of hosts.entries()) {
      for (const name of found[at] ?? []) {
        if (!recipes.has(name)) recipes.set(name, { kind: "microvm", name, needs: [], after: [], host });
      }
    }
    return { ...book, recipes };
  }

  private async namesOn(host: string | undefined, book: Book): Promise<readonly string[]> {
    try {
      const machine = this.machines(book).of(host);
      const known = this.asked.get(machine) ?? this.ask(machine);
      this.asked.set(machine, known);
      return await known;
    } catch (error) {
      // A host that is none is told of where its own MicroVMs are looked at.
      if (!(error instanceof HomelabError)) throw error;
      return [];
    }
  }

  private async ask(machine: Machine): Promise<readonly string[]> {
    try {
      return [...(await readVmDirs(machine)).keys()].toSorted();
    } catch (error) {
      if (!(error instanceof HomelabError)) throw error;
      this.failed.push({ host: machine.name, remote: machine.remote, error });
      return [];
    }
  }
}
