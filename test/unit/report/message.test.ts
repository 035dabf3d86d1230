import { describe, expect, test } from "bun:test";
import { messenger } from "../../../src/report/message.ts";
import { style } from "../../../src/report/style.ts";

function written(options: {
  quiet?: boolean;
  verbose?: boolean;
  journal?: boolean;
  colour?: boolean;
}): string {
  let text = "";
  const say = messenger({
    style: style(options.colour ?? false),
    quiet: options.quiet ?? false,
    verbose: options.verbose ?? false,
    journal: options.journal ?? false,
    write: (part) => (text += part),
  });
  say.warn("state cannot be written\nit is \x1b[31mfull");
  say.info("pulling");
  say.debug("3 containers");
  return text;
}

const WARNING = "warning: state cannot be written\nit is \\x1b[31mfull\n";

describe("messenger", () => {
  test.each([
    { name: "warns and informs", options: {}, want: `${WARNING}pulling\n` },
    { name: "only warns when quiet", options: { quiet: true }, want: WARNING },
    { name: "tells all when verbose", options: { verbose: true }, want: `${WARNING}pulling\n3 containers\n` },
    {
      name: "gives the journal a priority for every line",
      options: { verbose: true, journal: true },
      want: "<4>warning: state cannot be written\n<4>it is \\x1b[31mfull\n<6>pulling\n<7>3 containers\n",
    },
    {
      name: "paints",
      options: { verbose: true, colour: true },
      want: "\x1b[33mwarning:\x1b[39m state cannot be written\nit is \\x1b[31mfull\npulling\n\x1b[2m3 containers\x1b[22m\n",
    },
  ])("$name", ({ options, want }) => {
    expect(written(options)).toBe(want);
  });
});
