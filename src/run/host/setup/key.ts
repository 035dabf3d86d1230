import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { HomelabError } from "../../../errors.ts";
import { runProcess } from "../../../process/runner.ts";
import { fingerprint, type PublicKey, parseKey } from "../../../ssh/keys.ts";
import { ok, type SetupStep, todo } from "../../setup/step.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const DEADLINE_MS = 30_000;
const PRIVATE = 0o600;

/** The public half of a key, where it has been made. The private one may be with an agent alone. */
export function publicKey(identity: string): PublicKey | undefined {
  const text = publicLine(identity);
  return text === undefined ? undefined : parseKey(text);
}

/** The same as authorized_keys has it, with its comment. */
export function publicLine(identity: string): string | undefined {
  if (!existsSync(`${identity}.pub`)) return undefined;
  return readFileSync(`${identity}.pub`, "utf8").trim().split("\n")[0];
}

/** The key pair that homelab logs in with. One that is there is never overwritten. */
export function keyPair(identity: string, env: Environment, made: () => void): SetupStep {
  const keygen = (...words: string[]) => runProcess(["ssh-keygen", ...words], { env, deadline: DEADLINE_MS });
  return {
    id: "key",
    what: `the key ${identity}`,
    root: false,
    async look() {
      const found = statSync(identity, { throwIfNoEntry: false });
      if (!found && existsSync(`${identity}.pub`)) return ok(await inAgent(identity, env));
      if (!found) return todo("make an ed25519 key pair, without a passphrase");
      if (isLoose(identity)) return todo("others may read it: take that away");
      const key = publicKey(identity);
      if (!existsSync(`${identity}.pub`)) return todo(`its public half is missing: write ${identity}.pub`);
      if (!key) throw noKey(identity);
      return ok(fingerprint(key));
    },
    async apply() {
      mkdirSync(dirname(identity), { recursive: true, mode: 0o700 });
      if (!existsSync(identity)) {
        // ssh-keygen overwrites the public half without a word.
        if (existsSync(`${identity}.pub`)) throw halfKey(identity);
        const comment = `${env.USER || env.LOGNAME || "root"}@${hostname()} for homelab`;
        const done = await keygen("-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", identity);
        if (done.exitCode !== 0) throw failed(`\`ssh-keygen\` made no key: ${done.stderr.trim()}`);
        made();
      }
      if (isLoose(identity)) chmodSync(identity, PRIVATE);
      if (existsSync(`${identity}.pub`)) return;
      // An empty passphrase, so that it does not ask for one.
      const half = await keygen("-y", "-P", "", "-f", identity);
      if (half.exitCode !== 0) throw noKey(identity);
      writeFileSync(`${identity}.pub`, half.stdout, { mode: 0o644, flag: "wx" });
    },
  };
}

/** What to say of a key whose private half is not in the file: on a token, say. Throws where no agent has it either. */
async function inAgent(identity: string, env: Environment): Promise<string> {
  const key = publicKey(identity);
  const { stdout } = await runProcess(["ssh-add", "-L"], { env, deadline: DEADLINE_MS });
  const held = stdout.split("\n").some((line) => key !== undefined && parseKey(line)?.blob === key.blob);
  if (!key || !held) throw halfKey(identity);
  return `${fingerprint(key)}, which the agent has`;
}

const halfKey = (identity: string): HomelabError =>
  new HomelabError(
    "refused",
    `${identity}.pub is there, and its private half is neither there nor in an agent`,
    {
      hint: "`ssh-add` gives it to the agent; or name another file as `identity` in the recipe",
    },
  );

/** ssh does not use a key that others may read. */
const isLoose = (path: string): boolean => {
  const { mode, uid } = statSync(path);
  return (mode & 0o077) !== 0 && uid === process.getuid?.();
};

const noKey = (identity: string): HomelabError =>
  new HomelabError("refused", `${identity} is there, and gives no public key`, {
    hint: `where it has a passphrase, write the public half yourself: \`ssh-keygen -y -f ${identity} > ${identity}.pub\`; or name another file as \`identity\` in the recipe`,
  });

const failed = (what: string): HomelabError =>
  new HomelabError("step-failed", what, { hint: "try it by hand, then run this again" });
