type Environment = Readonly<Record<string, string | undefined>>;

/** What git sets for its hooks and aliases: it names the repository that those belong to, which is another one. */
const OF_ANOTHER_REPOSITORY = [
  "GIT_ALTERNATE_OBJECT_DIRECTORIES",
  "GIT_COMMON_DIR",
  "GIT_DIR",
  "GIT_GRAFT_FILE",
  "GIT_IMPLICIT_WORK_TREE",
  "GIT_INDEX_FILE",
  "GIT_NAMESPACE",
  "GIT_OBJECT_DIRECTORY",
  "GIT_PREFIX",
  "GIT_QUARANTINE_PATH",
  "GIT_SHALLOW_FILE",
  "GIT_WORK_TREE",
];

/** The environment without what says which repository is meant: that is said with the directory. */
export function withoutRepository(env: Environment): Environment {
  const own = { ...env };
  for (const name of OF_ANOTHER_REPOSITORY) delete own[name];
  return own;
}

/** The environment for git: nobody is there to answer a question, and what it says is read by a program. */
export const gitEnvironment = (env: Environment): Environment => ({
  ...withoutRepository(env),
  GIT_TERMINAL_PROMPT: "0",
  LC_ALL: "C",
});

/** The ssh command for git, told to ask nothing. One that is not ssh itself may not know how to be told. */
export function batchSsh(configured: string | undefined): string {
  if (configured === undefined) return "ssh -o BatchMode=yes";
  return /^(?:'(?:[^']*\/)?ssh'|"(?:[^"]*\/)?ssh"|(?:\S*\/)?ssh)(?:\s|$)/.test(configured)
    ? `${configured} -o BatchMode=yes`
    : configured;
}

const COMPLAINT_LINES = 3;

/**
 * What git complains of, in one line. The reason may stand in the line before git's own word (`remote: …`, what ssh
 * said); what comes after that is advice.
 */
export function complaint(stderr: string): string {
  const lines = stderr
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "" && !/^(?:hint|warning):/.test(line));
  const last = lines.findLastIndex((line) => /^(?:fatal|error):/.test(line));
  const told = last < 0 ? lines.slice(-1) : lines.slice(0, last + 1).slice(-COMPLAINT_LINES);
  return withoutPassword(told.map((line) => line.trim()).join("; "));
}

/** Files, relative to the root, that git does not know and that a merge would overwrite or take away. */
export function inTheWay(stderr: string): string[] {
  const told =
    /(?:would be (?:overwritten|removed) by|would lose untracked files)[^\n]*\n((?:\t[^\n]*\n)+)/.exec(
      stderr,
    );
  return (told?.[1] ?? "").split("\n").flatMap((line) => (line === "" ? [] : [line.trim()]));
}

/** Whether this user may not write the repository; what a remote denies is another matter. */
export const isForbidden = (stderr: string): boolean =>
  /: Permission denied$|insufficient permission/m.test(stderr) && !/Could not read from remote/.test(stderr);

/** A remote's address may carry a user's password. */
export const withoutPassword = (text: string): string => text.replace(/(\w+:\/\/)[^@/\s]+@/g, "$1");
