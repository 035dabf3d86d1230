import type { Book } from "../book/types.ts";
import { HomelabError } from "../errors.ts";
import { resolveTargets } from "../graph/targets.ts";
import { resolveWords } from "./book.ts";

const HINT = "write it as `homelab exec plex -- ls /config`";

/** Takes the words of `exec` apart at their first `--`. Throws `usage` where one of the two sides is missing. */
export function splitExec(words: readonly string[]): { place: string[]; command: string[] } {
  const at = words.indexOf("--");
  const [place, command] = at < 0 ? [words, []] : [words.slice(0, at), words.slice(at + 1)];
  if (place.length === 0)
    throw new HomelabError("usage", "`exec` needs a service in front of `--`", { hint: HINT });
  if (command.length === 0) {
    throw new HomelabError("usage", "`exec` needs a command, which stands behind `--`", { hint: HINT });
  }
  return { place: [...place], command: [...command] };
}

/**
 * The one service that the words in front of `--` name, and the container of it when another word does. Throws
 * `usage` for none and for several.
 */
export function placeOf(
  book: Book,
  words: readonly string[],
): { name: string; container: string | undefined } {
  const last = words.at(-1);
  const [whole, front] = [words, words.slice(0, -1)].map((some) => {
    const resolved = resolveTargets(book, some);
    return "names" in resolved ? resolved.names : [];
  });
  if (whole?.length === 1) return { name: whole[0] as string, container: undefined };
  if (front?.length === 1) return { name: front[0] as string, container: last };
  const { names } = resolveWords(book, words);
  throw new HomelabError(
    "usage",
    `\`exec\` takes one service, and \`${words.join(" ")}\` is ${names.length}`,
    {
      hint: names.length > 0 ? `which of ${names.join(", ")}?` : "`homelab list` shows all services",
    },
  );
}

interface Named {
  readonly name: string;
  /** Of the compose file. */
  readonly service: string;
}

/**
 * The container that is meant: the one that a word names, by its service in the compose file or by its own name, else
 * the only one. Throws `usage` for a word that names none, and where several may be meant.
 */
export function pickContainer<C extends Named>(
  service: string,
  containers: readonly C[],
  wanted: string | undefined,
): C {
  const found =
    wanted === undefined
      ? containers
      : containers.filter((each) => each.service === wanted || each.name === wanted);
  const [only] = found;
  if (only && found.length === 1) return only;
  const among = found.length > 1 ? found : containers;
  const services = new Set(among.map((each) => each.service));
  const choice =
    services.size === among.length ? [...services].sort() : among.map((each) => each.name).sort();
  throw new HomelabError(
    "usage",
    wanted !== undefined && found.length === 0
      ? `\`${service}\` has no running container \`${wanted}\``
      : `\`${service}\` has ${found.length} running containers`,
    { hint: `name one: \`homelab exec ${service} ${choice[0]} -- …\`; it has ${choice.join(", ")}` },
  );
}
