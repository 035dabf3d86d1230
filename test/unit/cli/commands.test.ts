import { expect, test } from "bun:test";
import { COMMAND_NAMES } from "../../../src/book/reserved.ts";
import { COMMANDS } from "../../../src/cli/commands.ts";

test("the book knows every command, whose name no task can have", () => {
  const firm = Object.keys(COMMANDS).filter((name) => !COMMANDS[name]?.yields);
  expect([...COMMAND_NAMES].sort()).toEqual(firm.sort());
});
