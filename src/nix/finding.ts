/** Something about a configuration that is better known before it is in force. */
export interface Finding {
  /** An error keeps it from being deployed; a warning is told, and kept in the report. */
  readonly level: "error" | "warning";
  /** Name of the rule, of lower-case words with hyphens. */
  readonly rule: string;
  /** What is wrong, as a clause without a full stop. */
  readonly text: string;
  /** What to do, as a clause. */
  readonly hint?: string | undefined;
  /** Path relative to the repository, or a unit with its directive; `line` and `column` count from 1. */
  readonly at?: { readonly file: string; readonly line?: number; readonly column?: number } | undefined;
}

/** `modules/web.nix:3:5: services run as root (run-as-root)` */
export function findingLine({ at, text, rule }: Finding): string {
  const place = at ? [at.file, at.line, at.column].filter((part) => part !== undefined).join(":") : "";
  return `${place === "" ? "" : `${place}: `}${text} (${rule})`;
}
