import { rememberTold, type Told, toldOf } from "../store/notices.ts";
import type { Store } from "../store/store.ts";
import { readSettings } from "./file.ts";
import { decideNews, type Sight } from "./news.ts";
import type { Message } from "./payload.ts";
import { send } from "./send.ts";
import type { Channel, Settings } from "./settings.ts";
import type { Origin } from "./text.ts";

export interface Telling {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Opened only when somebody is to be told. */
  readonly store: () => Store;
  readonly sight: Sight;
  readonly origin: Origin;
  readonly warn: (text: string) => void;
  /** Ends the sending at once. */
  readonly signal: AbortSignal;
}

/**
 * Tells each channel what it does not know yet of what a run saw. What could not be delivered is a warning, and is
 * told by the next run, because a channel is only taken to know what it was told.
 */
export async function tell(telling: Telling): Promise<void> {
  const { env, origin, warn } = telling;
  const found = readSettings(env, origin.root, warn);
  if (!found) return;
  const store = telling.store();
  const told = toldOf(store, origin.root);
  const { channels } = found.settings;
  for (const channel of told.keys()) {
    // Should it come back, it is told anew what is wrong then.
    if (!channels.some(({ name }) => name === channel)) rememberTold(store, origin.root, channel, []);
  }
  await Promise.all(
    channels.map((channel) => tellOne(channel, told.get(channel.name) ?? [], found.settings, store, telling)),
  );
}

async function tellOne(
  channel: Channel,
  told: readonly Told[],
  settings: Settings,
  store: Store,
  { env, sight, origin, warn, signal }: Telling,
): Promise<void> {
  const { news, delivered, undelivered } = decideNews(sight, told, settings.on);
  let known = delivered;
  if (news) {
    const message: Message = { origin, news };
    const { ok, to, detail } = await send(channel, message, { env, channels: settings.channels, signal });
    if (!ok) {
      known = undelivered;
      if (!signal.aborted) {
        warn(`${channel.name} (${to}) was not notified: ${detail}; the next run tries again`);
      }
    }
  }
  if (JSON.stringify(known) !== JSON.stringify(told)) {
    rememberTold(store, origin.root, channel.name, known);
  }
}
