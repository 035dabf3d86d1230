import { HomelabError } from "../../errors.ts";
import { asError } from "../../nix/call.ts";
import { flakeCheck } from "../../nix/flake-check.ts";
import type { Context } from "../context.ts";
import { openPlace, requireFlake } from "./place.ts";
import type { Work } from "./work.ts";

const LOG_LINES = 10;

/** Lets Nix check the flake of the homelab at hand. Gives what Nix warned of; throws why the flake is not right. */
export async function checkFlake(
  context: Context,
  impure: boolean,
  work: Work,
): Promise<{ flake: string; warnings: readonly string[] }> {
  const place = openPlace(context);
  const flake = requireFlake(place);
  const checked = await flakeCheck(place.here, flake, {
    impure,
    evaluateOnly: context.options.dryRun,
    ...work,
  });
  if (checked.ok) return { flake, warnings: checked.warnings };
  const { code, message, hint, position } = asError(checked);
  // A position shows what the error is about; without one Nix's own words have to, where they say more.
  const more = checked.log.filter((line) => !message.includes(line.replace(/^\s*error: /, "").trim()));
  const log = position || more.length === 0 ? [] : checked.log.slice(-LOG_LINES);
  throw new HomelabError(code, message, {
    hint,
    position,
    notes: log.length > 0 ? [{ text: log.join("\n") }] : [],
  });
}
