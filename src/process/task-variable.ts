type Environment = Readonly<Record<string, string | undefined>>;

/** Tells what a task starts which tasks it is inside of. */
export const TASK_VARIABLE = "HOMELAB_TASK";

/** The value of that variable for what a task starts, which may have been started by other tasks itself. */
export const insideOfTask = (outer: string | undefined, name: string): string =>
  outer ? `${outer},${name}` : name;

/** Whether a task of this name is at work around this process. */
export const isInsideTask = (env: Environment, name: string): boolean =>
  (env[TASK_VARIABLE] ?? "").split(",").includes(name);
