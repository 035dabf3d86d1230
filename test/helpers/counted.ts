import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Homelab } from "./homelab.ts";
import { composePlugin, DOCKER_CONFIG } from "./paths.ts";

/**
 * The homelab with a `docker` and a compose plugin that write down how they are called before they do what the
 * real ones do. `calls` gives those lines and forgets them.
 */
export function counted(lab: Homelab): { lab: Homelab; calls: () => string[] } {
  const log = join(lab.top, "calls");
  const bin = join(lab.top, "bin");
  const config = join(lab.top, "docker-config");
  const docker = Bun.which("docker");
  if (!docker) throw new Error("the docker command is missing: run `scripts/lab up`");
  script(
    join(bin, "docker"),
    `echo "docker $*" >>'${log}'\nDOCKER_CONFIG='${DOCKER_CONFIG}' exec '${docker}' "$@"\n`,
  );
  script(
    join(config, "cli-plugins/docker-compose"),
    `echo "compose $*" >>'${log}'\nexec '${composePlugin()}' "$@"\n`,
  );
  return {
    lab: lab.with({ env: { PATH: `${bin}:${process.env.PATH}`, DOCKER_CONFIG: config } }),
    calls: () => {
      const lines = existsSync(log) ? readFileSync(log, "utf8").split("\n").filter(Boolean) : [];
      writeFileSync(log, "");
      return lines.map((line) => lab.shared(line));
    },
  };
}

function script(path: string, text: string): void {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${text}`);
  chmodSync(path, 0o755);
}
