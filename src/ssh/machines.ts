import { hostname } from "node:os";
import { resolve } from "node:path";
import { nearest } from "../book/nearest.ts";
import { position } from "../book/position.ts";
import type { Book, HostRecipe, MicrovmRecipe } from "../book/types.ts";
import { HomelabError } from "../errors.ts";
import { LocalMachine, type Machine } from "../process/machine.ts";
import { type Destination, destinationText, parseDestination } from "./destination.ts";
import { SshMachine } from "./machine.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The machines that the recipes speak of: each of them once, and with it one connection. */
export class Machines {
  private readonly here: LocalMachine;
  private readonly known = new Map<string, SshMachine>();

  /** `ownName`: what this machine calls itself. */
  constructor(
    private readonly book: Pick<Book, "root" | "recipes">,
    private readonly env: Environment,
    private readonly ownName: string = hostname(),
  ) {
    this.here = new LocalMachine(env);
  }

  /**
   * The machine that `host` of a recipe means: this one when it is not given, or names the host recipe that this
   * machine is; else over ssh. Throws `recipe-invalid` for what is neither a host recipe nor a destination.
   */
  of(host: string | undefined): Machine {
    if (host === undefined) return this.here;
    const recipe = this.book.recipes.get(host);
    return recipe?.kind === "host" ? this.host(recipe) : this.remote(host);
  }

  /** The machine of a host recipe, also of one that is not in the book. */
  host(recipe: HostRecipe): Machine {
    if (this.isHere(recipe)) return this.here;
    const { name, address = name, user, identity } = recipe;
    return this.machine(name, { user, address }, identity);
  }

  /** The MicroVM itself, over ssh: through its host when that is another machine. */
  async guest(vm: MicrovmRecipe): Promise<SshMachine> {
    const { name, address, user, identity } = vm;
    if (address === undefined) {
      throw new HomelabError(
        "recipe-invalid",
        `\`${name}\` cannot be reached: its recipe has no \`address\``,
        {
          hint: "add `address: …`, and `user: …` where it is not your own",
          position: await position(this.book.root, vm.origin, [], { key: true }),
        },
      );
    }
    const host = this.of(vm.host);
    const through = host instanceof SshMachine ? host : undefined;
    return this.machine(name, { user, address }, identity, through);
  }

  /** As ssh is told it. */
  private remote(host: string): SshMachine {
    const to = parseDestination(host);
    if (to) return this.machine(destinationText(to), to);
    const hosts = [...this.book.recipes.values()]
      .filter(({ kind }) => kind === "host")
      .map(({ name }) => name);
    const meant = nearest(host, hosts);
    throw new HomelabError("recipe-invalid", `\`${host}\` is no host that ssh could reach`, {
      hint: meant ? `did you mean \`${meant}\`?` : "name a recipe of `hosts:`, or write `user@address`",
    });
  }

  private machine(
    name: string,
    to: Destination,
    identity?: string | undefined,
    through?: SshMachine,
  ): SshMachine {
    const key = JSON.stringify([name, to, identity, through?.name]);
    const known = this.known.get(key);
    if (known) return known;
    const own = identity === undefined ? undefined : identityPath(identity, this.book.root, this.env);
    const route = { to, identity: own };
    const machine = new SshMachine({ name, route, through, env: this.env });
    this.known.set(key, machine);
    return machine;
  }

  /** The same recipes serve on the host itself and on a laptop. */
  private isHere({ name, address }: HostRecipe): boolean {
    const own = this.ownName.toLowerCase();
    const short = own.split(".")[0];
    return name === short || (address !== undefined && [own, short].includes(address.toLowerCase()));
  }
}

/** A private key as a recipe names it: `~/` for the home directory, else relative to the root. */
export const identityPath = (identity: string, root: string, { HOME = "/root" }: Environment): string =>
  identity.startsWith("~/") ? resolve(HOME, identity.slice(2)) : resolve(root, identity);
