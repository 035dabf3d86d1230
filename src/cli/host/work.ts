import { existsSync } from "node:fs";
import { parseDuration } from "../../book/duration.ts";
import { HomelabError } from "../../errors.ts";
import { startGit } from "../../git/call.ts";
import { gitDirectory } from "../../git/head.ts";
import { treeNews } from "../../git/tree.ts";
import type { HostRequest, HostWork } from "../../run/host/work.ts";
import type { Context } from "../context.ts";
import type { Session } from "../session.ts";
import { openHosts } from "./book.ts";

const LEAST_MS = 5_000;

/** What verbs that build and switch work with. */
export type Hosts = Pick<HostRequest, "root" | "env" | "flake" | "works" | "here">;

/** The hosts that words name, with their machines. Throws `unknown-target`. */
export async function openWorks(context: Context, words: readonly string[]): Promise<Hosts> {
  const { book, machines, hosts } = await openHosts(context, words);
  const works = hosts.map((recipe): HostWork => ({ recipe, machine: machines.host(recipe), findings: [] }));
  const { root } = book;
  return { root, env: context.env, flake: flakeOf(root), works, here: machines.of(undefined) };
}

/** The same for what builds: tells what of the repository is not as it was committed. */
export async function openFlake(context: Context, words: readonly string[]): Promise<Hosts> {
  const hosts = await openWorks(context, words);
  const { root } = hosts;
  requireFlake(hosts);
  if (gitDirectory(root)) {
    const words = ["status", "--porcelain", "-z", "--untracked-files=all"];
    const { exitCode, stdout } = await startGit(root, words, { env: context.env });
    // What makes git refuse, Nix tells of as well.
    if (exitCode === 0) for (const line of treeNews(stdout)) context.messages.warn(line);
  }
  return hosts;
}

/** Throws `not-configured` where there is no flake. */
export function requireFlake({ root, flake }: Pick<Hosts, "root" | "flake">): void {
  if (flake !== "") return;
  throw new HomelabError("not-configured", `there is no flake.nix in ${root} or in ${root}/nixos`, {
    hint: "the systems of hosts are the `nixosConfigurations` of a flake in the homelab",
  });
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
