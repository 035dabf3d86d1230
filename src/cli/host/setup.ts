import { NAME } from "../../book/schema.ts";
import type { HostRecipe } from "../../book/types.ts";
import { HomelabError } from "../../errors.ts";
import { isTerminal } from "../../os/libc.ts";
import { LocalMachine } from "../../process/machine.ts";
import { syncDirectory } from "../../run/host/setup/directory.ts";
import { publicLine } from "../../run/host/setup/key.ts";
import { nixKey, nixSudo, recipeLines } from "../../run/host/setup/lines.ts";
import { hostSetup } from "../../run/host/setup/steps.ts";
import type { SyncWay } from "../../run/host/setup/sync.ts";
import { effectiveOf, type HostTarget } from "../../run/host/setup/target.ts";
import { parseDestination } from "../../ssh/destination.ts";
import { readFingerprint } from "../../ssh/keys.ts";
import { SshMachine } from "../../ssh/machine.ts";
import { identityPath, type Machines } from "../../ssh/machines.ts";
import { type Context, print, printJson } from "../context.ts";
import type { HostOptions } from "../host.ts";
import { type Looked, stepsDocument, workThrough } from "../steps.ts";
import { bareHost, isHost, openHost, openHosts } from "./book.ts";

/** Makes a host one that homelab can work with: who it is, a key that opens it, root's rights, the repository. */
export async function run(context: Context, [word = ""]: string[], options: HostOptions): Promise<void> {
  const way = (options.sync ?? "none") as SyncWay;
  const dir = syncDirectory(options.to);
  const fingerprint = fingerprintOf(options.fingerprint);
  const { root, machines, written, host } = await whom(context, word, options);
  if (way !== "none" && root === "/")
    throw new HomelabError("no-root", "there is no homelab here that could be copied", {
      hint: "name it with `-C DIR`",
    });
  const { env } = context;
  const open = sshTo(machines, { ...host, identity: undefined });
  const here = new LocalMachine(env);
  const target: HostTarget = {
    ...{ host, root, env, here, open, fingerprint },
    identity: identityPath(host.identity ?? "", root, env),
    keyed: sshTo(machines, host),
    watched: isTerminal(0) && context.watched && !context.options.json,
    unseen: context.options.yes && !context.options.dryRun,
    effective: await effectiveOf(here, open),
  };
  const { steps, needs } = hostSetup(target, { way, dir });
  const looked = await workThrough(context, steps, {
    again: `homelab ${context.typed}`,
    alsoNew: true,
  });
  const lines = linesFor(target, looked, { written, nixos: (await needs())?.nixos === true });
  if (context.options.json) printJson({ version: 1, id: host.name, steps: stepsDocument(looked), ...lines });
  else tell(context, host, looked, lines);
  const lacks = looked.some(({ step, state }) => state.is === "not here" && NEEDED.has(step.id));
  if (lacks && !context.options.dryRun) context.exitCode = 3;
}

/** Without these, a host cannot be deployed to. */
const NEEDED = new Set(["sudo", "needs"]);

interface Whom {
  readonly root: string;
  readonly machines: Machines;
  /** Its recipe, where it has one. */
  readonly written: HostRecipe | undefined;
  /** The same, with what the command line says of it. */
  readonly host: HostRecipe;
}

/** The host of a recipe, of the flake, or one that is new. */
async function whom(context: Context, word: string, { user, address }: HostOptions): Promise<Whom> {
  const to = address === undefined ? {} : addressOf(address);
  const { book, machines } = await openHosts(context, []);
  const recipe = book.recipes.get(word);
  const isNew = address !== undefined && recipe === undefined && NAME.test(word);
  const known = isNew ? bareHost(word) : await existing(context, word);
  const given = { ...to, ...(user === undefined ? {} : { user: userOf(user) }) };
  const host = { ...known, identity: known.identity ?? `~/.ssh/homelab_${known.name}`, ...given };
  const written = recipe && isHost(recipe) ? recipe : undefined;
  return { root: book.root, machines, written, host };
}

async function existing(context: Context, word: string): Promise<HostRecipe> {
  try {
    return (await openHost(context, word)).host;
  } catch (error) {
    if (!(error instanceof HomelabError) || error.code !== "unknown-target") throw error;
    const hint = `${error.hint}; for a new one say where it is: \`--address ADDR\``;
    throw new HomelabError("unknown-target", error.message, { hint });
  }
}

function addressOf(text: string): { address: string; user?: string } {
  const to = parseDestination(text);
  if (to && to.port === undefined)
    return to.user === undefined ? { address: to.address } : { address: to.address, user: to.user };
  throw new HomelabError("usage", `\`--address\` takes a host name or an IP address, not \`${text}\``, {
    hint: "a port stands in the settings of ssh: `Host …` and `Port …` in ~/.ssh/config",
  });
}

function userOf(text: string): string {
  if (parseDestination(`${text}@host`)?.user === text) return text;
  throw new HomelabError("usage", `\`--user\` takes the name of a user, not \`${text}\``);
}

function fingerprintOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const read = readFingerprint(text);
  if (read !== undefined) return read;
  throw new HomelabError("usage", `\`--fingerprint\` takes \`SHA256:…\`, not \`${text}\``, {
    hint: "on the host, `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` shows it",
  });
}

function sshTo(machines: Machines, host: HostRecipe): SshMachine {
  const machine = machines.host(host);
  if (machine instanceof SshMachine) return machine;
  throw new HomelabError("usage", `${host.name} is this machine`, {
    hint: "`homelab setup` sets this one up",
  });
}

interface Lines {
  /** For homelab.yml; null when the host stands there as it was set up. */
  readonly recipe: readonly string[] | null;
  /** For the configuration of the host, where that is NixOS. */
  readonly nix: readonly string[];
}

function linesFor(
  { host, identity, effective }: HostTarget,
  looked: readonly Looked[],
  { written, nixos }: { readonly written: HostRecipe | undefined; readonly nixos: boolean },
): Lines {
  const line = publicLine(identity);
  const hasSudo = looked.some(({ step, state }) => step.id === "sudo" && state.is === "ok");
  const nix = [
    ...(line ? [nixKey(effective.user, line)] : []),
    ...(hasSudo ? [] : [nixSudo(effective.user)]),
  ];
  return { recipe: recipeLines(host, written) ?? null, nix: nixos ? nix : [] };
}

function tell(context: Context, host: HostRecipe, looked: readonly Looked[], { recipe, nix }: Lines): void {
  const { options, messages } = context;
  if (!options.quiet && nix.length > 0)
    print(`\nFor the configuration of ${host.name}, where NixOS makes users and sudo:\n${indent(nix)}`);
  if (!options.quiet && recipe) print(`\nFor homelab.yml:\n${indent(recipe)}`);
  if (!options.quiet && !options.dryRun && looked.every(({ state }) => state.is !== "to do"))
    messages.info(`${host.name} is set up`);
}

const indent = (lines: readonly string[]): string => lines.map((line) => `  ${line}\n`).join("");
