import { EXIT_CODES, type HomelabError } from "../../errors.ts";
import { formatBytes } from "../../os/bytes.ts";
import type { VmView } from "../../units/microvm/types.ts";

type Counted = Pick<VmView, "asked" | "memory" | "pending"> & {
  readonly seen: Pick<VmView["seen"], "state">;
};

type Told = Pick<VmView, "asked"> & {
  readonly seen: { readonly problem?: Pick<HomelabError, "code"> | undefined };
};

/** How many there are, how many of them are up, what they take, and what brings the others further. */
export function summaryOf(views: readonly Counted[]): string {
  const ready = views.filter(({ seen }) => seen.state === "ready").length;
  const bytes = views.reduce((sum, { memory }) => sum + (memory ?? 0), 0);
  const unasked = views.filter(({ asked }) => !asked).length;
  const parts = [
    `${views.length} ${views.length === 1 ? "MicroVM" : "MicroVMs"}`,
    `${ready} ready${bytes > 0 ? ` with ${formatBytes(bytes)}` : ""}`,
    ...VERBS.flatMap(([pending, text]) => {
      const count = views.filter((view) => view.pending === pending).length;
      return count > 0 ? [`${count} ${text}`] : [];
    }),
    ...(unasked > 0 ? [`${unasked} not reachable`] : []),
  ];
  return parts.join(", ");
}

/** Of a list in which nobody could be asked anything: why, where that is the same for all of them. */
export function exitOf(views: readonly Told[]): number {
  if (views.length === 0 || views.some(({ asked }) => asked)) return 0;
  const codes = new Set(views.map(({ seen }) => EXIT_CODES[seen.problem?.code ?? "unavailable"]));
  const [only = EXIT_CODES.unavailable] = codes;
  return codes.size === 1 ? only : EXIT_CODES.unavailable;
}

const VERBS = [
  ["build", "to build (`homelab vm update NAME`)"],
  ["update", "to update (`homelab vm update NAME --restart`)"],
  ["restart", "to restart (`homelab vm restart NAME`)"],
  ["start", "to start (`homelab vm start NAME`)"],
] as const;
