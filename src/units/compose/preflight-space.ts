import type { Docker } from "../../docker/client.ts";
import { HomelabError } from "../../errors.ts";
import { formatBytes } from "../../os/bytes.ts";
import { type DiskSpace, freeBytes, leastFree, spaceOf } from "../../os/space.ts";
import type { ComposeDriverOptions } from "./core.ts";
import type { World } from "./preflight-world.ts";

export interface LittleSpace {
  readonly text: string;
  readonly hint: string;
}

/** What to say of a disk with too little space. `freeable`: what cleanup could free, in words. */
export function littleSpace({ path, free }: DiskSpace, least: number, freeable?: string): LittleSpace {
  const offer = freeable ?? "`homelab cleanup --dry-run` shows images that can go";
  return {
    text: `${formatBytes(free)} are free in ${path}, and at least ${formatBytes(least)} have to be`,
    hint: `${offer}; \`docker system df\` shows the rest, and HOMELAB_MIN_FREE sets what has to be free`,
  };
}

/** Throws `refused` when images must not be pulled any more for want of space. */
export async function requireSpace(
  engine: DiskSpace | undefined,
  env: ComposeDriverOptions["env"],
  freeable?: () => Promise<string | undefined>,
): Promise<void> {
  const least = leastFree(env.HOMELAB_MIN_FREE);
  if (!engine || engine.free >= least) return;
  const { text, hint } = littleSpace(engine, least, await freeable?.());
  throw new HomelabError("refused", `nothing is pulled: ${text}`, { hint });
}

/** Whether there is room for what is to be made, found out once in a plan. */
export class Spaces {
  private found: Promise<LittleSpace | undefined> | undefined;

  constructor(
    private readonly world: World,
    private readonly options: ComposeDriverOptions,
  ) {}

  /** Why nothing is to be made: undefined when there is room. */
  refusal(): Promise<LittleSpace | undefined> {
    this.found ??= this.look();
    return this.found;
  }

  private async look(): Promise<LittleSpace | undefined> {
    const { env, store, warn, freeable } = this.options;
    const least = leastFree(env.HOMELAB_MIN_FREE);
    const engine = await this.world.space();
    if (engine && engine.free < least) return littleSpace(engine, least, await freeable?.());
    const own = freeBytes(store.directory);
    // Without memory of earlier runs a run still serves: no reason to refuse it.
    if (own !== undefined && own < least)
      warn?.(
        `the state directory is short of space: ${littleSpace({ path: store.directory, free: own }, least).text}`,
      );
    return undefined;
  }
}

/** The free space where an engine of this machine keeps images and containers. */
export async function engineSpace(docker: Docker): Promise<DiskSpace | undefined> {
  if (docker.endpoint.unix === undefined) return undefined;
  return spaceOf((await docker.about()).root);
}
