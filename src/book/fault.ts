import type { ErrorCode, Position } from "../errors.ts";

/** A place inside a recipe file, by its path in the document. `key` means the key and not its value. */
export interface Place {
  readonly file: string;
  readonly path: readonly (string | number)[];
  readonly key?: boolean | undefined;
}

/**
 * A problem of a recipe book before its line and column are known. Positions need the slow YAML library, which a
 * book without problems never loads.
 */
export interface Fault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly at?: Place | undefined;
  /** Set instead of `at` when the place is known at once. */
  readonly position?: Position | undefined;
  readonly notes?:
    | readonly { text: string; at?: Place | undefined; position?: Position | undefined }[]
    | undefined;
}

export function invalid(message: string, rest: Omit<Fault, "code" | "message"> = {}): Fault {
  return { code: "recipe-invalid", message, ...rest };
}

export const TWICE_HINT = "a name stands for one thing; rename or remove one of the two";
