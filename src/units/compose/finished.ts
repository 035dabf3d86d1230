import { type Compose, hashCommand } from "../../docker/compose.ts";
import { runProcess } from "../../process/runner.ts";
import { normalizeImage } from "./decide.ts";
import type { ServiceView } from "./facts.ts";
import type { ContainerView } from "./observe.ts";

const DEADLINE_MS = 60_000;

/**
 * The compose services that an update is about when one-shots among them have done their work and are still made from
 * the same: compose would run those again for a change of another one. Undefined when it is about all of them. Where
 * compose's own hash cannot be told (some versions leave out env files), a one-shot runs again.
 */
export async function withoutFinished(
  compose: Compose,
  view: ServiceView,
  images: ReadonlyMap<string, string>,
): Promise<string[] | undefined> {
  const services = [...view.expected.keys()];
  const done = services.filter((service) => isDone(service, view));
  if (done.length === 0) return undefined;
  const { exitCode, stdout } = await runProcess(hashCommand(compose, view.project, done), {
    cwd: view.dir,
    env: { ...compose.env, PWD: view.dir },
    deadline: DEADLINE_MS,
  });
  // What is wrong with the files is told by the change itself.
  if (exitCode !== 0) return undefined;
  const same = new Set(unchanged(view.containers, done, parseHashes(stdout), images));
  return same.size === 0 ? undefined : services.filter((service) => !same.has(service));
}

function isDone(service: string, { containers, release, finished }: ServiceView): boolean {
  const own = containers.filter((container) => container.service === service);
  const completed = ({ id }: ContainerView) =>
    finished.has(id) ||
    release?.containers.some((known) => known.id === id && known.kind === "completed") === true;
  return (
    own.length > 0 && own.every((each) => each.state === "exited" && each.exitCode === 0 && completed(each))
  );
}

/** Services whose containers all have compose's present hash, and the present image. */
export function unchanged(
  containers: readonly Pick<ContainerView, "service" | "configHash" | "image" | "imageId">[],
  services: readonly string[],
  hashes: ReadonlyMap<string, string>,
  images: ReadonlyMap<string, string>,
): string[] {
  return services.filter((service) =>
    containers
      .filter((container) => container.service === service)
      .every(({ configHash, image, imageId }) => {
        const local = images.get(normalizeImage(image));
        return configHash !== "" && configHash === hashes.get(service) && (local ?? imageId) === imageId;
      }),
  );
}

/** `app 91435ca2…` a line. */
export function parseHashes(text: string): Map<string, string> {
  const lines = text.split("\n").map((line) => line.trim().split(/\s+/));
  return new Map(lines.filter((words): words is [string, string] => words.length === 2));
}
