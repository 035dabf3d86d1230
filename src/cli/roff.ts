type Row = readonly [left: string, right: string];

export interface ManPage {
  readonly version: string;
  readonly commands: readonly {
    readonly name: string;
    readonly usage: string;
    readonly description: string;
    readonly verbs?: readonly Row[] | undefined;
    readonly options: readonly Row[];
    readonly examples: readonly Row[];
  }[];
  readonly options: readonly Row[];
  readonly topics: readonly { readonly name: string; readonly text: string }[];
}

/** A manual page in the macros of man(7). */
export function manPage({ version, commands, options, topics }: ManPage): string {
  return lines(
    '.\\" Made by `homelab man`.',
    `.TH HOMELAB 1 "" "homelab ${version}" "User Commands"`,
    ".SH NAME",
    "homelab \\- run a home server as one dependency graph of recipes",
    ".SH SYNOPSIS",
    ".B homelab",
    "[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fITARGET\\fR...]",
    ".SH DESCRIPTION",
    roff(
      "A target is a service, a family (`sonarr`), an instance (`sonarr shows`), a group, or `all`. " +
        "`homelab ensure-plex` is the same as `homelab ensure plex`.",
    ),
    ".SH OPTIONS",
    "They stand before or after the command.",
    ...rows(options),
    ".SH COMMANDS",
    ...commands.flatMap(({ name, usage, description, verbs = [], options: own, examples }) => [
      `.SS "homelab ${quoted(roff([name, usage].filter(Boolean).join(" ")))}"`,
      roff(description),
      ...rows(verbs),
      ...rows(own),
      ...(examples.length > 0 ? [".PP", "Examples:", ...rows(examples)] : []),
    ]),
    ...topics.flatMap(({ name, text }) => [
      `.SH "${quoted(roff(name.replaceAll("-", " ").toUpperCase()))}"`,
      ".nf",
      roff(text.trimEnd()),
      ".fi",
    ]),
  );
}

const rows = (all: readonly Row[]): string[] =>
  all.flatMap(([left, right]) => [".TP", `\\fB${roff(left.trim())}\\fR`, roff(right)]);

const lines = (...all: readonly string[]): string => all.map((line) => `${line}\n`).join("");

/** Text whose characters mean nothing to roff. */
export function roff(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("`", "\\(ga")
    .replaceAll("'", "\\(aq")
    .replaceAll("~", "\\(ti")
    .replaceAll("^", "\\(ha")
    .replace(
      /[^\0-~]/gu,
      (mark) => `\\[u${mark.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}]`,
    )
    .replace(/^\./gm, "\\&.");
}

/** Inside of a macro's argument in quotation marks. */
const quoted = (text: string): string => text.replaceAll('"', "\\(dq");
