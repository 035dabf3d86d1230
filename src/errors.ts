/** Where in a user's file a problem is. Line and column count from 1. */
export interface Position {
  /** Path as shown to the person: relative to the root where possible. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The line's text. */
  readonly excerpt: string;
  /** How many characters from `column` on are meant. */
  readonly length: number;
}

/** Exit code of every error code: the one table. */
export const EXIT_CODES = {
  "step-failed": 1,
  internal: 1,
  usage: 2,
  "unknown-target": 2,
  "not-ready": 3,
  refused: 5,
  "confirmation-needed": 5,
  unavailable: 69,
  "docker-unavailable": 69,
  "compose-missing": 69,
  unsupported: 69,
  "lock-held": 75,
  permission: 77,
  "recipe-invalid": 78,
  "unknown-need": 78,
  cycle: 78,
  "missing-directory": 78,
  "compose-invalid": 78,
  "variable-unset": 78,
  "no-root": 78,
  "not-configured": 78,
  timeout: 124,
  interrupted: 130,
  terminated: 143,
} as const;

export type ErrorCode = keyof typeof EXIT_CODES;

export interface ErrorOptions {
  /** What to do next. */
  readonly hint?: string | undefined;
  readonly position?: Position | undefined;
  /** Second places that belong to the problem, each with a line of its own. */
  readonly notes?: readonly { text: string; position?: Position | undefined }[] | undefined;
  readonly cause?: unknown;
}

/** Every expected failure: what is wrong, where, and what to do next. */
export class HomelabError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly position: Position | undefined;
  readonly notes: NonNullable<ErrorOptions["notes"]>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = "HomelabError";
    this.code = code;
    this.hint = options.hint;
    this.position = options.position;
    this.notes = options.notes ?? [];
  }

  get exit(): number {
    return EXIT_CODES[this.code];
  }
}

/** An error in one line: where, what, and how many more there are. */
export function inOneLine(error: HomelabError): string {
  const { message, position } = error;
  const more = error instanceof Problems ? error.errors.length - 1 : 0;
  const place = position ? `${position.file}:${position.line}: ` : "";
  return `${place}${message}${more > 0 ? ` (and ${more} more)` : ""}`;
}

/** Several problems of one reading (a recipe book shows all it has). */
export class Problems extends HomelabError {
  readonly errors: readonly HomelabError[];

  constructor(errors: readonly HomelabError[]) {
    const first = errors[0];
    if (!first) throw new Error("Problems needs at least one error");
    super(first.code, first.message, { hint: first.hint, position: first.position, notes: first.notes });
    this.errors = errors;
  }
}
