import type { Book, RecipeKind } from "../book/types.ts";
import { Docker } from "../docker/client.ts";
import { dockerEndpoint } from "../docker/endpoint.ts";
import { closure } from "../graph/graph.ts";
import type { Store } from "../store/store.ts";
import { ComposeDriver } from "../units/compose/driver.ts";
import type { Driver } from "../units/driver.ts";
import type { VmMode } from "../units/microvm/decide.ts";
import type { MicrovmDriver } from "../units/microvm/driver.ts";
import type { Context } from "./context.ts";
import { dockerPatience } from "./options.ts";
import type { Session } from "./session.ts";

/** What a run that is under way has: where it says that it waits, and what ends that. */
export type Waiter = Pick<Session, "listener" | "stop">;

export interface Engine {
  readonly drivers: ReadonlyMap<RecipeKind, Driver>;
  readonly compose?: ComposeDriver | undefined;
  readonly docker?: Docker | undefined;
  readonly microvms?: MicrovmDriver | undefined;
  close(): void;
}

export interface ConnectOptions {
  readonly begun?: Promise<Docker> | undefined;
  readonly run?: Waiter | undefined;
  /** How far to go with MicroVMs; default: bring them up. */
  readonly vms?: VmMode | undefined;
  /** Not to what they need. */
  readonly alone?: boolean | undefined;
}

/** Connects to what the given recipes and all that they need run on: nothing more is asked to be there. */
export async function connect(
  context: Context,
  book: Book,
  store: Store,
  names: readonly string[],
  { begun, run, vms, alone = false }: ConnectOptions = {},
): Promise<Engine> {
  const drivers = new Map<RecipeKind, Driver>();
  const all = alone ? names : [...closure(book.recipes, names)];
  const kinds = new Set(all.map((name) => book.recipes.get(name)?.kind));
  const microvms = await connectUnits(context, book, { kinds, drivers, vms });
  if (!kinds.has("service")) return { drivers, microvms, close: () => {} };
  const docker = await connectDocker(context, { begun, run });
  const compose = new ComposeDriver({
    book,
    docker,
    store,
    env: context.env,
    warn: (text) => context.messages.warn(text),
    freeable: async () => (await import("./cleanup.ts")).freeable(context, book, docker),
  });
  drivers.set("service", compose);
  return { drivers, microvms, compose, docker, close: () => compose.close() };
}

interface Connecting {
  readonly kinds: ReadonlySet<RecipeKind | undefined>;
  readonly drivers: Map<RecipeKind, Driver>;
  /** How far to go with MicroVMs. */
  readonly vms: VmMode | undefined;
}

/** The drivers of what systemd runs, where there is any. */
async function connectUnits(
  { env }: Context,
  book: Book,
  { kinds, drivers, vms }: Connecting,
): Promise<MicrovmDriver | undefined> {
  if (!kinds.has("unit") && !kinds.has("microvm")) return undefined;
  const { Machines } = await import("../ssh/machines.ts");
  const machines = new Machines(book, env);
  const world = { machineOf: (host: string | undefined) => machines.of(host), env, root: book.root };
  if (kinds.has("unit"))
    drivers.set("unit", new (await import("../units/systemd/driver.ts")).UnitDriver(world));
  if (!kinds.has("microvm")) return undefined;
  const microvms = new (await import("../units/microvm/driver.ts")).MicrovmDriver(world, vms);
  drivers.set("microvm", microvms);
  return microvms;
}

/** Asks once whether the engine is there. Begun early, it costs no time: the recipes are read while it answers. */
export async function beginDocker({ env }: Context): Promise<Docker> {
  return Docker.connect(dockerEndpoint(env));
}

/** Connects to the engine. One that is not there is waited for, where that is wished. */
export async function connectDocker(
  context: Context,
  { begun, run }: { begun?: Promise<Docker> | undefined; run?: Waiter | undefined } = {},
): Promise<Docker> {
  const patience = dockerPatience(context.options, context.env);
  try {
    return await (begun ?? beginDocker(context));
  } catch (error) {
    if (!patience) throw error;
    return (await import("./docker-wait.ts")).waitForDocker(context, error, patience, run);
  }
}
