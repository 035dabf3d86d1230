import { HomelabError } from "../../errors.ts";
import type { Mode } from "../../run/host/modes.ts";

/** Options of `host deploy` and of `deploy HOST`. */
export const MODES = {
  fast: {
    type: "boolean",
    description: "deploy hosts with fewer checks, for small changes; says which it leaves out",
  },
  emergency: {
    type: "boolean",
    description:
      "deploy hosts with hardly any: they go back only when units fail, or when they cannot be reached",
  },
} as const;

/** The mode that options ask for. Throws `usage` for two. */
export function modeOf({
  fast,
  emergency,
}: {
  fast?: boolean | undefined;
  emergency?: boolean | undefined;
}): Mode {
  if (fast && emergency)
    throw new HomelabError("usage", "`--fast` and `--emergency` are two modes: choose one", {
      hint: "`--fast` keeps the look for room, the comparison and the probes; `--emergency` does not",
    });
  return fast ? "fast" : emergency ? "emergency" : "standard";
}
