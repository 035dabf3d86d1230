/** An image that is here, and whose registry could not be asked whether there is a newer one. */
export interface Skip {
  readonly image: string;
  readonly registry: string;
  /** Why: for programs, for people, and what to do about it. */
  readonly code: string;
  readonly text: string;
  readonly hint?: string | undefined;
}

/** One warning for each registry and trouble, however many images it is about. */
export function skipWarnings(skipped: readonly Skip[]): string[] {
  const groups = new Map<string, Skip[]>();
  for (const skip of skipped) {
    // The time of a limit may have become known only after the first was refused.
    const key = skip.code === "rate-limited" ? skip.registry : ofMany(skip);
    groups.set(key, [...(groups.get(key) ?? []), skip]);
  }
  return [...groups.values()].map((group) => {
    const last = group.at(-1) as Skip;
    const names = group.map(({ image }) => image);
    const text = names.length === 1 ? last.text : ofMany(last);
    const what =
      names.length === 1
        ? `update of ${names[0]} skipped`
        : `updates of ${names.length} images skipped (${few(names)})`;
    const remedy = last.hint === undefined ? "" : `; ${last.hint}`;
    return `${what}, and what is here is kept: ${text}${remedy}`;
  });
}

/** The trouble in words that name no single image. */
const ofMany = ({ text, image }: Skip): string => text.replaceAll(`\`${image}\``, "them");

const few = (names: readonly string[]): string =>
  names.length <= 3 ? names.join(", ") : `${names.slice(0, 2).join(", ")} and ${names.length - 2} more`;
