import type { HostPhase } from "./phases.ts";

/** How careful a deploy is, the least careful first. In each, a host goes back by itself when units fail. */
const MODES = ["emergency", "fast", "standard"] as const;
export type Mode = (typeof MODES)[number];

/** What is done besides the phases. */
type Check = "rules" | "space" | "probes" | "stability";

/** Done in every mode; or from one on, and what people are told that is left out in the others. */
type Rule = "always" | readonly [Mode, string];

/** In the order in which they are done. */
const PHASES: Readonly<Record<HostPhase, Rule>> = {
  lint: ["fast", "the look at the sources"],
  check: "always",
  evaluate: "always",
  build: "always",
  audit: ["standard", "the audit of units and firewall"],
  copy: "always",
  compare: ["fast", "the comparison of packages and units"],
};

const CHECKS: Readonly<Record<Check, Rule>> = {
  rules: ["standard", "rules and linters for the sources"],
  space: ["fast", "the look for room"],
  probes: ["fast", "probes, and what is measured before and after"],
  stability: ["standard", "the time for which a new system has to stay well"],
};

const applies = (rule: Rule, mode: Mode): boolean =>
  rule === "always" || MODES.indexOf(mode) >= MODES.indexOf(rule[0]);

/** What comes before a switch in a mode. */
export const phasesFor = (mode: Mode): HostPhase[] =>
  (Object.keys(PHASES) as HostPhase[]).filter((phase) => applies(PHASES[phase], mode));

/** Whether a mode has a check. */
export const checks = (mode: Mode, check: Check): boolean => applies(CHECKS[check], mode);

/** What a mode leaves out, in words. */
export const leftOut = (mode: Mode): string[] =>
  [...Object.values(PHASES), ...Object.values(CHECKS)].flatMap((rule) =>
    rule === "always" || applies(rule, mode) ? [] : [rule[1]],
  );
