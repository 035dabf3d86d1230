/** The option of runs that change several things. */
export const KEEP_GOING = {
  type: "enum" as const,
  options: ["independent", "never"],
  default: "independent",
  description: "after a failure: go on with what does not need it, or begin nothing new",
};

/** What the option means for a run. */
export const stopsAtFailure = (value: string): boolean => value === "never";
