import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { HomelabError } from "../../../errors.ts";
import { fingerprint, hashedName, kindOf, knownName, type PublicKey, parseScan } from "../../../ssh/keys.ts";
import { ok, type SetupState, type SetupStep, todo } from "../../setup/step.ts";
import type { Entrance } from "./entrance.ts";
import { isKnown, knownLines, nameOf } from "./known.ts";
import { type HostTarget, SHORT_MS } from "./target.ts";
import { judgeKeys } from "./trust.ts";

const SCAN_S = 10;
/** Each kind is a connection of its own, and there are hosts that count these. */
const [FIRST, OTHERS] = ["ed25519", "ecdsa,rsa"];

/**
 * The host's key in known_hosts: added after a person has seen its fingerprint, or because it is the one that was named
 * in advance. Nothing that is known is replaced: whether it is still that one, ssh itself compares.
 */
export function knownHost(target: HostTarget, entrance: Entrance): SetupStep {
  const { host, effective, fingerprint: wanted } = target;
  const name = nameOf(target);
  let scanned: Promise<PublicKey[]> | undefined;
  const judge = async () => {
    const known = await knownLines(target);
    const isNamed = wanted === undefined || known.some(({ key }) => fingerprint(key) === wanted);
    if (isKnown(known) && isNamed) return { add: [] };
    // What was shown to the person is what is written.
    scanned ??= scanKeys(target);
    const keys = await scanned;
    const verdict = judgeKeys({ known, scanned: keys, wanted });
    if ("refused" in verdict) throw refusal(target, verdict.refused, name, keys);
    return verdict;
  };
  return {
    id: "known-host",
    what: `the host key of ${host.name} is known`,
    root: false,
    async look(): Promise<SetupState> {
      const { add } = await judge();
      if (add.length === 0) return ok();
      if (wanted !== undefined) return todo(`${shownKeys(add)} (the one that was named)`);
      // Whoever answers now is asked for a password later.
      if (target.unseen) throw unseen(host.name, add);
      return todo(`${shownKeys(add)} (compare with those of the host)`);
    },
    async apply() {
      const { add } = await judge();
      const [file] = effective.known;
      if (file === undefined)
        throw new HomelabError(
          "not-configured",
          "ssh is told to keep no known hosts (`UserKnownHostsFile none`)",
          {
            hint: "name a file in the settings of ssh",
          },
        );
      append(
        file,
        add
          .map(({ type, blob }) => `${effective.hashed ? hashedName(name) : name} ${type} ${blob}\n`)
          .join(""),
      );
      await entrance.changed();
    },
  };
}

const shownKeys = (keys: readonly PublicKey[]): string =>
  keys.map((key) => `${kindOf(key)} ${fingerprint(key)}`).join(", ");

/** A yes that was said in advance is none to a key that nobody has seen. */
const unseen = (host: string, keys: readonly PublicKey[]): HomelabError =>
  new HomelabError(
    "confirmation-needed",
    `nobody has compared the host key of ${host} yet: ${shownKeys(keys)}`,
    {
      hint: `where \`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\` shows the same on the host itself: \`--yes --fingerprint ${keys.map(fingerprint)[0]}\``,
    },
  );

/** Asks the host itself for its keys: the best one, and the others where that is not the one that is looked for. */
async function scanKeys({ host, here, effective, fingerprint: wanted }: HostTarget): Promise<PublicKey[]> {
  const { host: address, port, through } = effective;
  if (through)
    throw new HomelabError(
      "refused",
      `the host key of ${host.name} is not known, and it is reached through another host`,
      {
        hint: `run \`ssh ${address}\` once and compare the fingerprint`,
      },
    );
  const scan = (kinds: string) => {
    const argv = ["ssh-keyscan", "-t", kinds, "-T", String(SCAN_S), "-p", String(port), "--", address];
    return here.run(argv, { deadline: 3 * SHORT_MS });
  };
  const { stdout, stderr } = await scan(FIRST);
  const first = parseScan(stdout);
  const isNamed = wanted === undefined || first.some((key) => fingerprint(key) === wanted);
  const keys = first.length > 0 && isNamed ? first : [...first, ...parseScan((await scan(OTHERS)).stdout)];
  if (keys.length > 0) return keys;
  const said = stderr
    .trim()
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .at(-1);
  throw new HomelabError(
    "unavailable",
    `${host.name} (${knownName(address, port)}) does not show a host key${said ? `: ${said}` : ""}`,
    { hint: "see that it runs, that sshd runs on it, and that no firewall is in between" },
  );
}

/** Behind what is there, whether or not that ends with its line. */
function append(file: string, lines: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const before = existsSync(file) ? readFileSync(file, "utf8") : "";
  appendFileSync(file, `${before === "" || before.endsWith("\n") ? "" : "\n"}${lines}`, { mode: 0o600 });
}

function refusal(
  { host, effective, fingerprint: wanted }: HostTarget,
  why: "revoked" | "changed" | "not the named one",
  name: string,
  keys: readonly PublicKey[],
): HomelabError {
  const shown = shownKeys(keys);
  if (why === "not the named one")
    return new HomelabError("refused", `${host.name} has another host key than ${wanted}: ${shown}`, {
      hint: `another machine may answer. On the host itself, \`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\` shows the right one`,
    });
  if (why === "revoked")
    return new HomelabError("refused", `the host key of ${host.name} is marked as revoked in known_hosts`, {
      hint: "another machine may answer that has stolen it: give the host a new key",
    });
  const file = [...effective.known, ...effective.knownGlobally].find((each) => existsSync(each));
  return new HomelabError(
    "refused",
    `the host key of ${host.name} is not the known one: another machine answers, or it was installed anew (${shown})`,
    { hint: `only when you know why it has changed, forget it with \`ssh-keygen -f ${file} -R '${name}'\`` },
  );
}
