import { HomelabError } from "../../errors.ts";
import type { Machine } from "../../process/machine.ts";
import { redactor } from "../../process/redact.ts";
import { parseDotenv } from "../compose/dotenv.ts";
import { assignments, readings } from "../compose/envfile.ts";

const DEADLINE_MS = 30_000;
const KEEP_BYTES = 4 * 1024 * 1024;
/** Stands in front of each file's kind. */
const MARK = "\x1e";

/** The files that units of some systems take their secrets from. Longer ones hold something else. */
const READ = String.raw`for system; do
  cd "$system/etc/systemd/system" 2>/dev/null || continue
  grep -hsE '^(EnvironmentFile|LoadCredential)=' ./*.service ./*.service.d/*.conf
done | sort -u | while IFS='=' read -r key value; do
  case $key in EnvironmentFile) path=${"$"}{value#-} ;; *) path=${"$"}{value#*:} ;; esac
  if [ -f "$path" ] && [ "$(wc -c <"$path")" -le 65536 ]; then printf '\036%s\n' "$key"; cat "$path"; echo; fi
done`;

/** A function that masks what units of these systems are given in secret. Throws where that cannot be read. */
export async function secretsOfSystems(
  machine: Machine,
  systems: readonly string[],
): Promise<(text: string) => string> {
  const argv = ["sh", "-c", READ, "sh", ...systems];
  const options = { root: true, deadline: DEADLINE_MS, keep: KEEP_BYTES };
  const { exitCode, stdout } = await machine.run(argv, options);
  // What was read in part would mask in part.
  if (exitCode !== 0) throw new HomelabError("unavailable", `${machine.name} does not say what is secret`);
  return redactor(secretsIn(stdout));
}

/** Names and values of what that prints. */
export function secretsIn(text: string): [string, string][] {
  return text
    .split(MARK)
    .slice(1)
    .flatMap((part): [string, string][] => {
      const [kind = "", ...lines] = part.split("\n");
      const content = lines.join("\n").trim();
      if (kind !== "EnvironmentFile") return [["secret", content]];
      const read = assignments(content).flatMap(({ name, written }) =>
        [...readings(written, [() => undefined])].map((value): [string, string] => [name, value]),
      );
      return [...read, ...Object.entries(parseDotenv(content))];
    });
}
