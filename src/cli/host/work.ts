import { existsSync } from "node:fs";
import { parseDuration } from "../../book/duration.ts";
import { nearest } from "../../book/nearest.ts";
import type { Book, HostRecipe } from "../../book/types.ts";
import { HomelabError } from "../../errors.ts";
import { startGit } from "../../git/call.ts";
import { gitDirectory } from "../../git/head.ts";
import { treeNews } from "../../git/tree.ts";
import type { HostRequest, HostWork } from "../../run/host-prepare.ts";
import { Machines } from "../../ssh/machines.ts";
import { openBook } from "../book.ts";
import type { Context } from "../context.ts";
import type { Session } from "../session.ts";

const LEAST_MS = 5_000;

/** What verbs that build and switch work with. */
export type Hosts = Pick<HostRequest, "root" | "env" | "flake" | "works" | "here">;

/** The hosts that words name, by name or by a group that has some. Throws `unknown-target`. */
export async function openHosts(context: Context, words: readonly string[]): Promise<Hosts> {
  const book = await openBook(context);
  const machines = new Machines(book, context.env);
  const works = hostsOf(book, words).map(
    (recipe): HostWork => ({ recipe, machine: machines.of(recipe.name) }),
  );
  const { root } = book;
  return { root, env: context.env, flake: flakeOf(root), works, here: machines.of(undefined) };
}

/** The same for what builds: tells what of the repository is not as it was committed. */
export async function openFlake(context: Context, words: readonly string[]): Promise<Hosts> {
  const hosts = await openHosts(context, words);
  const { root, flake } = hosts;
  if (flake === "")
    throw new HomelabError("not-configured", `there is no flake.nix in ${root} or in ${root}/nixos`, {
      hint: "the systems of hosts are the `nixosConfigurations` of a flake in the homelab",
    });
  if (gitDirectory(root)) {
    const words = ["status", "--porcelain", "-z", "--untracked-files=all"];
    const { exitCode, stdout } = await startGit(root, words, { env: context.env });
    // What makes git refuse, Nix tells of as well.
    if (exitCode === 0) for (const line of treeNews(stdout)) context.messages.warn(line);
  }
  return hosts;
}

const flakeOf = (root: string): string =>
  [root, `${root}/nixos`].find((dir) => existsSync(`${dir}/flake.nix`)) ?? "";

/** Milliseconds of `--within`. */
export function withinOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined && milliseconds >= LEAST_MS) return milliseconds;
  throw new HomelabError("usage", `\`--within\` takes a time of at least 5s, not \`${text}\``, {
    hint: "such as 90s or 5m",
  });
}

/** Asks whether hosts are to be switched, below what that changes. */
export const asker =
  (session: Session, text: string): ((lines: readonly string[]) => Promise<void>) =>
  (effects) =>
    session.ask({ effects, text });

const isHost = ({ kind }: { readonly kind: string }): boolean => kind === "host";

function hostsOf({ recipes, groups }: Book, words: readonly string[]): HostRecipe[] {
  const found = new Map<string, HostRecipe>();
  for (const word of words) {
    const members = recipes.has(word) ? [word] : (groups.get(word)?.members ?? []);
    const hosts = members.flatMap((name) => recipes.get(name) ?? []).filter(isHost) as HostRecipe[];
    if (hosts.length === 0) throw unknownHost({ recipes, groups }, word);
    for (const host of hosts) found.set(host.name, host);
  }
  return [...found.values()];
}

function unknownHost({ recipes, groups }: Pick<Book, "recipes" | "groups">, word: string): HomelabError {
  const kind = recipes.get(word)?.kind ?? (groups.has(word) ? "group without hosts" : undefined);
  const names = [...recipes.values()].filter(isHost).map(({ name }) => name);
  const close = nearest(word, names);
  const known =
    names.length > 0 ? `\`hosts:\` has ${names.join(", ")}` : "name it under `hosts:` in homelab.yml";
  return new HomelabError(
    "unknown-target",
    kind ? `\`${word}\` is a ${kind}, and no host` : `unknown host \`${word}\``,
    { hint: close ? `did you mean \`${close}\`?` : known },
  );
}
