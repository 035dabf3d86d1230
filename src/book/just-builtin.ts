import { bare, commandsOf, isTalk, signsOf } from "./just-shell.ts";
import type { JustRecipe } from "./justfile.ts";

const GIT = /^git pull(?: --ff-only| --rebase)?$/;
const LIST = /^just(?: -l| --list)?$/;
const ENSURE = /^just(?: (?:ensure|deploy)-\S+)+$/;
const compose = (words: string): RegExp => new RegExp(`^docker[ -]compose (?:${words})$`);

/** What the recipes do that a command of homelab does as well, by the command's name. */
const DOES: Readonly<Record<string, readonly RegExp[]>> = {
  default: [LIST],
  list: [LIST],
  help: [LIST],
  ensure: [ENSURE],
  deploy: [GIT, ENSURE],
  "deploy-all": [GIT, ENSURE],
  update: [/^nix flake update(?: --flake \S+)?$/],
  "update-services": [GIT, ENSURE],
  "update-system": [GIT, /^nixos-rebuild switch(?: --flake \S+| --show-trace| -L| --print-build-logs)*$/],
  stop: [compose("down|stop")],
  restart: [compose("restart"), /^just stop[- ]\S+$/, ENSURE],
  logs: [compose("logs(?: -f| --follow| --tail[= ]\\S+| -n \\S+)*")],
  "pull-images": [compose("pull(?: -q| --quiet)?")],
  cleanup: [/^docker (?:system|image|container|network|builder) prune(?: -a?f| --force| -a| --all)*$/],
  validate: [compose("config(?: -q| --quiet)?")],
  status: [compose("ps(?: -a| --all)?"), /^docker ps(?: -a| --all)?$/],
};

/** Words of the shell that lead to the commands. */
const AROUND = /^(?:cd|echo|printf|true|:|\[\[?|test|set|for|fi|done|esac|\}|else|then|do)$/;

/**
 * What in a recipe goes beyond what homelab's command `name` does, as written; undefined when nothing does.
 * `isDeployed`: whether a deployment does what the recipe of that name does.
 */
export function beyond(
  name: string,
  recipe: JustRecipe,
  isDeployed: (recipe: string) => boolean,
): string | undefined {
  const does = Object.hasOwn(DOES, name) ? (DOES[name] ?? []) : [];
  const isDone = (words: readonly string[]) =>
    does.some((pattern) => pattern.test(words.join(" "))) &&
    (words[0] !== "just" || words.slice(1).every((word) => !isStarting(word) || isDeployed(word)));
  const isAllowed = does.includes(ENSURE) ? isDeployed : () => false;
  const strange = [...recipe.needs, ...recipe.afterwards].find(
    (need) => !isAllowed(need.name) || need.args.length > 0,
  );
  if (strange) return strange.name;
  for (const { text } of recipe.body) {
    const { text: line } = signsOf(text);
    if (line.startsWith("#") || isTalk(line)) continue;
    for (const command of commandsOf(line)) {
      const words = bare(command);
      if (words.length === 0 || AROUND.test(words[0] ?? "")) continue;
      if (!isDone(words)) return line.slice(command.from, command.to);
    }
  }
  return undefined;
}

const isStarting = (word: string): boolean => /^(?:ensure|deploy)-/.test(word);
