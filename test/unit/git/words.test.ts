import { expect, test } from "bun:test";
import { batchSsh, complaint, gitEnvironment, inTheWay, isForbidden } from "../../../src/git/words.ts";

const NO_KEY = `git@example.org: Permission denied (publickey).
fatal: Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists.
`;
const IN_THE_WAY = `error: The following untracked working tree files would be overwritten by merge:
\tNOTES
\tservices/my app/.env
Please move or remove them before you merge.
Aborting
`;
const NOT_MINE = "error: cannot open '.git/FETCH_HEAD': Permission denied\n";

test.each([
  ["git@example.org: Permission denied (publickey).; fatal: Could not read from remote repository.", NO_KEY],
  [
    "remote: Repository not found.; fatal: repository 'http://example.org/a.git/' not found",
    "remote: Repository not found.\nfatal: repository 'http://me:hunter2@example.org/a.git/' not found\n",
  ],
  ["error: cannot open '.git/FETCH_HEAD': Permission denied", NOT_MINE],
  [
    "fatal: Need to specify how to reconcile divergent branches.",
    "hint: You have divergent branches.\nhint: And more.\nfatal: Need to specify how to reconcile divergent branches.\n",
  ],
  ["c; d; fatal: e", "a\nb\nc\nd\nfatal: e\nf\n"],
  ["something else", "first\nsomething else\n"],
  ["", ""],
])("complaint() is %p", (want, stderr) => {
  expect(complaint(stderr)).toBe(want);
});

test.each([
  [["NOTES", "services/my app/.env"], IN_THE_WAY],
  [
    ["services/plex"],
    "error: Updating the following directories would lose untracked files in them:\n\tservices/plex\n\nAborting\n",
  ],
  [["a"], "error: The following untracked working tree files would be removed by merge:\n\ta\nAborting\n"],
  [[], NO_KEY],
])("inTheWay() finds %p", (want, stderr) => {
  expect(inTheWay(stderr)).toEqual(want);
});

test.each([
  [true, NOT_MINE],
  [
    true,
    "error: insufficient permission for adding an object to repository database .git/objects\nfatal: failed to write object\n",
  ],
  [true, "fatal: Unable to create '/opt/homelab/.git/index.lock': Permission denied\n"],
  [false, NO_KEY],
  [false, `Load key "/home/admin/.ssh/id": Permission denied\n${NO_KEY}`],
  [false, IN_THE_WAY],
])("isForbidden() is %p (%#)", (want, stderr) => {
  expect(isForbidden(stderr)).toBe(want);
});

test.each([
  [undefined, "ssh -o BatchMode=yes"],
  ["ssh -i /home/admin/.ssh/deploy", "ssh -i /home/admin/.ssh/deploy -o BatchMode=yes"],
  ["'/opt/my tools/ssh' -i key", "'/opt/my tools/ssh' -i key -o BatchMode=yes"],
  ["/usr/local/bin/deploy-ssh", "/usr/local/bin/deploy-ssh"],
  ["plink -batch", "plink -batch"],
])("batchSsh(%p) is %p", (configured, want) => {
  expect(batchSsh(configured)).toBe(want);
});

test("gitEnvironment() leaves out what names another repository", () => {
  const env = {
    GIT_DIR: "/a",
    GIT_WORK_TREE: "/b",
    GIT_INDEX_FILE: "/c",
    GIT_SSH_COMMAND: "s",
    PATH: "/bin",
  };
  expect(gitEnvironment(env)).toEqual({
    GIT_SSH_COMMAND: "s",
    PATH: "/bin",
    GIT_TERMINAL_PROMPT: "0",
    LC_ALL: "C",
  });
});
