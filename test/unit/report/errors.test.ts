import { describe, expect, test } from "bun:test";
import { HomelabError, type Position, Problems } from "../../../src/errors.ts";
import { errorDocument, renderError } from "../../../src/report/errors.ts";
import { style } from "../../../src/report/style.ts";

const plain = style(false);

const at = (excerpt: string, column: number, length: number, line = 7): Position => ({
  file: "homelab.yml",
  line,
  column,
  excerpt,
  length,
});

const unknownNeed = new HomelabError("unknown-need", "unknown need `prowlar`", {
  position: at("    needs: [prowlar]", 13, 7),
  hint: "did you mean `prowlarr`?",
});

const twice = new HomelabError("recipe-invalid", "`sonarr` is defined twice", {
  position: { file: "recipes/media.yml", line: 112, column: 3, excerpt: "  sonarr:", length: 6 },
  notes: [{ text: "first here", position: at("  sonarr: {}", 3, 6, 4) }, { text: "names are global" }],
});

describe("renderError", () => {
  test.each([
    {
      name: "shows message, place, excerpt and hint",
      error: unknownNeed,
      want: [
        "error: unknown need `prowlar`",
        "  homelab.yml:7:13",
        "   7 |     needs: [prowlar]",
        "     |             ^^^^^^^",
        "  hint: did you mean `prowlarr`?",
      ],
    },
    {
      name: "shows notes with places of their own",
      error: twice,
      want: [
        "error: `sonarr` is defined twice",
        "  recipes/media.yml:112:3",
        "  112 |   sonarr:",
        "      |   ^^^^^^",
        "  note: first here",
        "    homelab.yml:4:3",
        "     4 |   sonarr: {}",
        "       |   ^^^^^^",
        "  note: names are global",
      ],
    },
    {
      name: "shows the place alone when the line is empty",
      error: new HomelabError("recipe-invalid", "the file is empty", { position: at("", 1, 0, 1) }),
      want: ["error: the file is empty", "  homelab.yml:1:1"],
    },
    {
      name: "shows several problems and how many there are",
      error: new Problems([unknownNeed, new HomelabError("no-root", "no homelab here")]),
      want: [
        "error: unknown need `prowlar`",
        "  homelab.yml:7:13",
        "   7 |     needs: [prowlar]",
        "     |             ^^^^^^^",
        "  hint: did you mean `prowlarr`?",
        "",
        "error: no homelab here",
        "",
        "2 problems",
      ],
    },
    {
      name: "shows one problem of one as an error",
      error: new Problems([new HomelabError("no-root", "no homelab here")]),
      want: ["error: no homelab here"],
    },
    {
      name: "makes control characters visible and keeps the caret under them",
      error: new HomelabError("recipe-invalid", "bad name `\x1b[31mx`", {
        position: at("\ta: \x1bx # ü", 5, 2),
      }),
      want: [
        "error: bad name `\\x1b[31mx`",
        "  homelab.yml:7:5",
        "   7 |     a: \\x1bx # ü",
        "     |        ^^^^^",
      ],
    },
    {
      name: "counts columns in the file's units under wide characters",
      error: new HomelabError("recipe-invalid", "bad", { position: at("日: 😀 bad", 7, 3) }),
      want: ["error: bad", "  homelab.yml:7:7", "   7 | 日: 😀 bad", "     |        ^^^"],
    },
    {
      name: "marks the end of the line when the column is behind it",
      error: new HomelabError("recipe-invalid", "value missing", { position: at("a:", 3, 0) }),
      want: ["error: value missing", "  homelab.yml:7:3", "   7 | a:", "     |   ^"],
    },
    {
      name: "indents further lines of a message",
      error: new HomelabError("compose-invalid", "compose says:\nbad\x07 file\n"),
      want: ["error: compose says:", "  bad\\x07 file"],
    },
  ])("$name", ({ error, want }) => {
    expect(renderError(error, plain)).toBe(`${want.join("\n")}\n`);
  });

  test.each([
    ["at its start", 1, 10],
    ["in its middle", 150, 10],
    ["at its end", 300, 1],
    ["over more than fits", 100, 200],
  ])("cuts a long line around the column %s", (_name, column, length) => {
    const excerpt = Array.from({ length: 300 }, (_, index) => String.fromCharCode(97 + (index % 26))).join(
      "",
    );
    const error = new HomelabError("recipe-invalid", "x", { position: at(excerpt, column, length) });
    const [, , shown = "", carets = ""] = renderError(error, plain).split("\n");
    const gutter = "   7 | ".length;
    expect(shown.length - gutter).toBeLessThanOrEqual(100);
    expect(shown.length - gutter).toBeGreaterThanOrEqual(98);
    expect(shown.charAt(carets.indexOf("^"))).toBe(excerpt.charAt(column - 1));
    expect(carets.length).toBeLessThanOrEqual(shown.length);
  });

  test("thousands of problems on a line of any length take no time", () => {
    const line = "a: 1, ".repeat(5000);
    const errors = Array.from(
      { length: 2000 },
      (_, at) =>
        new HomelabError("recipe-invalid", "twice", {
          position: {
            ...unknownNeed.position,
            line: 1,
            column: at * 6 + 1,
            excerpt: line,
            length: 1,
          } as Position,
        }),
    );
    const begun = process.cpuUsage().user;
    expect(renderError(new Problems(errors.slice(-1)), plain).split("\n")[2]).toBe(
      `   1 | …${", a: 1".repeat(17).slice(0, 98)}…`,
    );
    renderError(new Problems(errors), style(false));
    expect(process.cpuUsage().user - begun).toBeLessThan(3_000_000);
  });

  test("paints when colour is on", () => {
    const s = style(true);
    expect(renderError(new HomelabError("no-root", "no homelab here", { hint: "go there" }), s)).toBe(
      `${s.red(s.bold("error:"))} ${s.bold("no homelab here")}\n  ${s.green("hint:")} go there\n`,
    );
  });
});

describe("errorDocument", () => {
  test("has null for what is absent", () => {
    expect(JSON.stringify(errorDocument(new HomelabError("no-root", "no homelab here")))).toBe(
      '{"version":1,"error":{"code":"no-root","exit":78,"message":"no homelab here","hint":null,"position":null}}',
    );
  });

  test("lists all problems with their notes", () => {
    const first = {
      code: "recipe-invalid",
      exit: 78,
      message: "`sonarr` is defined twice",
      hint: null,
      position: { file: "recipes/media.yml", line: 112, column: 3, excerpt: "  sonarr:", length: 6 },
      notes: [
        { text: "first here", position: at("  sonarr: {}", 3, 6, 4) },
        { text: "names are global", position: null },
      ],
    };
    const second = {
      code: "unknown-need",
      exit: 78,
      message: "unknown need `prowlar`",
      hint: "did you mean `prowlarr`?",
      position: at("    needs: [prowlar]", 13, 7),
    };
    expect<object>(errorDocument(new Problems([twice, unknownNeed]))).toEqual({
      version: 1,
      error: { ...first, errors: [first, second] },
    });
  });
});
