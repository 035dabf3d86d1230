import { existsSync } from "node:fs";
import { parseDuration } from "../../book/duration.ts";
import type { HostRecipe } from "../../book/types.ts";
import { HomelabError } from "../../errors.ts";
import { startGit } from "../../git/call.ts";
import { gitDirectory } from "../../git/head.ts";
import { treeNews } from "../../git/tree.ts";
import type { Machine } from "../../process/machine.ts";
import type { HostRequest, HostWork } from "../../run/host/work.ts";
import type { Context } from "../context.ts";
import type { HostOptions } from "../host.ts";
import type { Session } from "../session.ts";
import { bareHost, isHost, openHost, openHosts } from "./book.ts";

const LEAST_MS = 5_000;

/** What verbs that build and switch work with. */
export interface Hosts extends Pick<HostRequest, "root" | "env" | "flake" | "works" | "here"> {
  /** Of all hosts, in the order in which the recipes name them. */
  readonly stages: readonly string[];
}

/** The hosts that words name, with their machines. Throws `unknown-target`. */
export async function openWorks(
  context: Context,
  words: readonly string[],
  { "build-on": buildOn }: Pick<HostOptions, "build-on"> = {},
): Promise<Hosts> {
  const { book, machines, hosts } = await openHosts(context, words);
  const here = machines.of(undefined);
  const named = buildOn === undefined || isPlace(buildOn) ? undefined : await openHost(context, buildOn);
  const builderOf = (recipe: HostRecipe): Machine | undefined => {
    const place = buildOn ?? recipe.build;
    if (place === undefined) return undefined;
    if (isPlace(place)) return place === "here" ? here : machines.host(recipe);
    const written = book.recipes.get(place);
    const host = named?.host ?? (written && isHost(written) ? written : bareHost(place));
    return machines.host(host);
  };
  const works = hosts.map(
    (recipe): HostWork => ({
      ...{ recipe, machine: machines.host(recipe), builder: builderOf(recipe), findings: [] },
    }),
  );
  const { root } = book;
  const stages = [...book.recipes.values()].flatMap((each) => (isHost(each) ? (each.stage ?? []) : []));
  return { root, env: context.env, flake: flakeOf(root), works, here, stages };
}

/** Words for where something is built that name no host. */
const isPlace = (word: string): boolean => word === "here" || word === "there";

/** The same for what builds: tells what of the repository is not as it was committed. */
export async function openFlake(
  context: Context,
  words: readonly string[],
  options: Pick<HostOptions, "build-on"> = {},
): Promise<Hosts> {
  const hosts = await openWorks(context, words, options);
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
export const withinOf = (text: string | undefined): number | undefined => timeOf("within", text, LEAST_MS);

/** Milliseconds of `--pause`. */
export const pauseOf = (text: string | undefined): number | undefined => timeOf("pause", text, 1_000);

function timeOf(option: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined && milliseconds >= least) return milliseconds;
  throw new HomelabError(
    "usage",
    `\`--${option}\` takes a time of at least ${least / 1000}s, not \`${text}\``,
    { hint: "such as 90s or 5m" },
  );
}

/** The hosts of `--canary`. Throws `usage` for one that is not to be deployed. */
export function canariesOf(canary: string | undefined, { works }: Pick<Hosts, "works">): string[] {
  const names = works.map(({ recipe }) => recipe.name);
  if (canary === undefined || names.includes(canary)) return canary === undefined ? [] : [canary];
  throw new HomelabError("usage", `\`--canary\` names \`${canary}\`, which is not to be deployed`, {
    hint: `name one of ${names.join(", ")}`,
  });
}

/** Asks whether hosts are to be switched, below what that changes. */
export const asker =
  (session: Session, text: string): ((lines: readonly string[]) => Promise<void>) =>
  (effects) =>
    session.ask({ effects, text });
