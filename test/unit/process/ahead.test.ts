import { expect, test } from "bun:test";
import { difference } from "../../../src/process/ahead.ts";

const SECOND = 1_795_258_300;
const BEFORE = SECOND * 1000;
const AFTER = BEFORE + 200;

test.each<[string, string, number | undefined]>([
  ["between", `${SECOND}.100000000`, 0],
  ["at the first moment", `${SECOND}.000000000`, 0],
  ["at the last one", `${SECOND}.200999999\n`, 0],
  ["ahead", `${SECOND + 60}.200000000`, 60_000],
  ["just ahead", `${SECOND}.250000000`, 50],
  ["behind", `${SECOND - 60}.000000000`, -60_000],
  ["years behind, without a battery", "946684800.5", (946_684_800 - SECOND) * 1000 + 500],
  ["without parts of a second", `${SECOND}`, 0],
  ["without parts of a second, as busybox leaves them", `${SECOND}.%N`, 0],
  ["without them, and behind", `${SECOND - 60}.N`, -59_001],
  ["nothing", "", undefined],
  ["an error", "date: invalid option", undefined],
])("%s", (_, text, ahead) => {
  expect(difference(text, BEFORE, AFTER)).toBe(ahead as number);
});
