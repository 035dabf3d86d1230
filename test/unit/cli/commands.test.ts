import { expect, test } from "bun:test";
import { COMMAND_NAMES } from "../../../src/book/reserved.ts";
import { COMMANDS, isReserved } from "../../../src/cli/commands.ts";

test("the book knows every command, whose name no task can have", () => {
  expect([...COMMAND_NAMES].sort()).toEqual(Object.keys(COMMANDS).filter(isReserved).sort());
});
