/** Something that another linter says. The column counts bytes. */
export interface Remark {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly rule: string;
  readonly text: string;
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const listOf = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** One document after the other, as both programs write one for each file. Undefined when that is not what it is. */
export function documents(output: string): Json[] | undefined {
  const found: Json[] = [];
  let begun: string[] = [];
  for (const line of output.split("\n")) {
    if (begun.length === 0 && line.trim() === "") continue;
    begun.push(line);
    // Over several lines, a document ends with a brace that nothing stands before.
    if (!line.startsWith("}") && !(begun.length === 1 && line.endsWith("}"))) continue;
    try {
      const value: unknown = JSON.parse(begun.join("\n"));
      if (!isObject(value)) return undefined;
      found.push(value);
      begun = [];
    } catch {
      return undefined;
    }
  }
  return begun.length === 0 ? found : undefined;
}

/** What `statix check -o json` found, without errors of syntax: those Nix itself tells. */
export function statixRemarks(output: string): Remark[] | undefined {
  return documents(output)?.flatMap(({ file, report }) =>
    listOf(report)
      .filter(({ severity }) => severity !== "Error")
      .flatMap(({ code, note, diagnostics }) =>
        listOf(diagnostics).flatMap(({ at, message }) => {
          const from = isObject(at) && isObject(at.from) ? at.from : {};
          const rule = `statix-w${String(code).padStart(2, "0")}`;
          return remark(file, from, rule, message ?? note);
        }),
      ),
  );
}

/** What `deadnix -o json` found. */
export function deadnixRemarks(output: string): Remark[] | undefined {
  return documents(output)?.flatMap(({ file, results }) =>
    listOf(results).flatMap((each) => remark(file, each, "deadnix", each.message)),
  );
}

function remark(file: unknown, { line, column }: Json, rule: string, text: unknown): Remark[] {
  if (typeof file !== "string" || typeof line !== "number" || typeof column !== "number") return [];
  if (typeof text !== "string") return [];
  const clause = `${text.slice(0, 1).toLowerCase()}${text.slice(1)}`.replace(/\.$/, "");
  return [{ file, line, column, rule, text: clause }];
}
