import { HomelabError } from "../../../errors.ts";
import { ok, type SetupStep, todo } from "../../setup/step.ts";
import type { Entrance } from "./entrance.ts";
import { publicKey, publicLine } from "./key.ts";
import { nixKey } from "./lines.ts";
import { type HostTarget, lastLine, SHORT_MS } from "./target.ts";

/**
 * Once, whole, and with the modes that sshd asks for. What a configuration made, a link into the store or elsewhere, is
 * left alone.
 */
const AUTHORISE = String.raw`
umask 077
cd || exit 1
mkdir -p .ssh || exit 1
file=.ssh/authorized_keys
if [ -L "$file" ] || [ -L .ssh ]; then exit 21; fi
if [ -e "$file" ] && grep -v '^[[:space:]]*#' "$file" | grep -qF -- "$2"; then exec chmod go-w .ssh "$file"; fi
new=$file.homelab
if [ -e "$file" ]; then cp -p "$file" "$new" || exit 1; else : >"$new" || exit 1; fi
if [ -s "$new" ] && [ -n "$(tail -c 1 "$new")" ]; then echo >>"$new"; fi
printf '%s\n' "$1" >>"$new" && chmod 600 "$new" && chmod go-w .ssh && mv -f "$new" "$file"
`;
const IS_LINK = 21;

/** The key opens the host: with it, and nothing else, one can log in. */
export function authorised(target: HostTarget, entrance: Entrance): SetupStep {
  const { host, effective, identity, watched } = target;
  const { user } = effective;
  return {
    id: "login",
    what: `the key lets in ${user} on ${host.name}`,
    root: false,
    async look() {
      if (await entrance.isOpenToKey()) return ok();
      const now = await entrance.machine();
      const text = `add it to ~${user}/.ssh/authorized_keys`;
      if (now) return todo(`${text}, by another key that opens it`);
      return todo(watched ? `${text}: the password of ${user} may be asked for` : text);
    },
    async apply() {
      const line = publicLine(identity) ?? "";
      const key = publicKey(identity);
      const machine = (await entrance.machine()) ?? (await byPassword(target, line));
      const argv = ["sh", "-c", AUTHORISE, "sh", line, key?.blob ?? ""];
      const result = await machine.run(argv, { deadline: SHORT_MS });
      if (result.exitCode === IS_LINK)
        throw new HomelabError(
          "refused",
          `~${user}/.ssh/authorized_keys on ${host.name} is a link, and is left alone`,
          {
            hint: `it is made by a configuration; on NixOS: ${nixKey(user, line)}`,
          },
        );
      if (result.exitCode !== 0)
        throw new HomelabError("step-failed", `the key was not added on ${host.name}: ${lastLine(result)}`, {
          hint: `look at ~${user}/.ssh there`,
        });
      await entrance.added();
      if (await entrance.isOpenToKey()) return;
      throw new HomelabError("permission", `${host.name} has the key, and does not let it in`, {
        hint: "the home directory there may be writable for others, or sshd may look elsewhere (AuthorizedKeysFile): its journal says why",
      });
    },
  };
}

/** A person logs in at the terminal; what comes after it uses that login. */
async function byPassword({ host, open, watched, effective: { user } }: HostTarget, line: string) {
  const by = `add the line to ~${user}/.ssh/authorized_keys there: ${line}; on NixOS: ${nixKey(user, line)}`;
  if (!watched)
    throw new HomelabError("permission", `nothing that ssh has opens ${user} on ${host.name} yet`, {
      hint: `run this on a terminal to be asked for the password; or ${by}`,
    });
  try {
    await open.logIn();
  } catch (error) {
    if (!(error instanceof HomelabError) || error.code !== "permission") throw error;
    throw new HomelabError("permission", `${host.name} did not let ${user} in`, {
      hint: `where it takes no passwords, ${by}`,
    });
  }
  return open;
}
