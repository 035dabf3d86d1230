import { join } from "node:path";
import type { Homelab } from "./homelab.ts";
import { CHECKOUT, IMAGE } from "./paths.ts";
import { start } from "./spawn.ts";

/** Runs `scripts/lab …` and gives what it printed. */
export async function script(...words: string[]): Promise<string> {
  const argv = [join(CHECKOUT, "scripts/lab"), ...words];
  const { code, stdout, stderr } = await start(argv, { cwd: "/", env: process.env }).ended;
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

/** Makes an image that differs from all others, under a tag. */
export async function makeImage(lab: Homelab, tag: string, text: string): Promise<void> {
  const id = (await lab.docker("create", IMAGE, "true")).trim();
  await lab.docker("commit", "--change", `LABEL text=${text}`, "--change", 'CMD ["sleep", "1000"]', id, tag);
  await lab.docker("rm", id);
}

/** A door in front of a real registry: what it does not answer itself goes through. `using door = …`. */
export interface Door extends Disposable {
  /** As it stands in the name of an image. */
  readonly host: string;
  /** Answers a request itself, or not at all; nothing to let it through. */
  answer: (request: Request, path: string) => Response | Promise<Response> | undefined;
  /** What was asked of manifests and blobs since the last call, as `GET app/manifests/1`. */
  asked(): string[];
}

export function openDoor(registry: string): Door {
  const asked: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 60,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      if (pathname !== "/v2/") asked.push(`${request.method} ${pathname.replace(/^\/v2\//, "")}`);
      const { method, headers } = request;
      return (
        door.answer(request, pathname) ?? fetch(`http://${registry}${pathname}${search}`, { method, headers })
      );
    },
  });
  const door: Door = {
    host: `127.0.0.1:${server.port}`,
    answer: () => undefined,
    asked: () => asked.splice(0),
    [Symbol.dispose]: () => void server.stop(true),
  };
  return door;
}

/** Refusals as a registry words them. */
export const REFUSALS = {
  login: () => refusal(401, "UNAUTHORIZED", "authentication required"),
  denied: () => refusal(403, "DENIED", "requested access to the resource is denied"),
  limit: (after: string) =>
    refusal(429, "TOOMANYREQUESTS", "You have reached your pull rate limit.", { "retry-after": after }),
} as const;

const refusal = (status: number, code: string, message: string, headers: Record<string, string> = {}) =>
  Response.json({ errors: [{ code, message }] }, { status, headers });
