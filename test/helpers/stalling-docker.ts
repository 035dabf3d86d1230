import { join } from "node:path";
import type { Socket } from "bun";

interface Ends {
  client?: Socket<Ends>;
  server?: Socket<Ends>;
  stalled?: boolean;
}

const socketOfDocker = (): string =>
  (process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock").replace(/^unix:\/\//, "");

/**
 * Another socket of the real engine, in `dir`, on which requests that match are never answered, as by an engine of
 * which one part hangs. All other requests go through. `await using` closes it.
 */
export function stallingDocker(dir: string, match: RegExp) {
  const path = join(dir, "docker.sock");
  const listener = Bun.listen<Ends>({
    unix: path,
    socket: {
      async open(client) {
        client.pause();
        client.data = { client };
        client.data.server = await Bun.connect<Ends>({
          unix: socketOfDocker(),
          data: client.data,
          socket: {
            data: (server, bytes) => void server.data.client?.write(bytes),
            close: (server) => void server.data.client?.end(),
          },
        });
        client.resume();
      },
      data(client, bytes) {
        client.data.stalled ||= match.test(Buffer.from(bytes).toString("latin1"));
        if (!client.data.stalled) client.data.server?.write(bytes);
      },
      close: (client) => void client.data.server?.end(),
    },
  });
  return { host: `unix://${path}`, [Symbol.asyncDispose]: async () => listener.stop(true) };
}
