/** A part of the program that belongs to others. */
export interface Notice {
  readonly name: string;
  readonly version: string;
  /** As SPDX writes it. */
  readonly license: string;
  /** The text of the licence, where the package has one. */
  readonly text?: string | undefined;
}

/** The parts of the program with their licences, and the texts of those that come with one. */
export function noticesText(notices: readonly Notice[]): string {
  const parts = notices.map(({ name, version, license, text }) => {
    const title = `${name} ${version} (${license})`;
    return text === undefined ? `${title}\n` : `${title}\n${"-".repeat(title.length)}\n\n${text.trim()}\n`;
  });
  return `homelab is compiled from, and contains, the following packages.\n\n${parts.join("\n\n")}`;
}
