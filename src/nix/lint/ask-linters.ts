import type { Machine } from "../../process/machine.ts";
import { deadnixRemarks, type Remark, statixRemarks } from "./linters.ts";

/** More than any of them says of a repository. */
const KEEP_BYTES = 16 * 1024 * 1024;

interface Asked {
  readonly here: Machine;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds. */
  readonly deadline: number;
}

/** Asks statix and deadnix, where they are installed; `skipped`: what did not answer as expected, as clauses. */
export async function askLinters(
  { here, env, signal, deadline }: Asked,
  top: string,
  files: readonly string[],
): Promise<{ remarks: Remark[]; skipped: string[] }> {
  const linters = [
    { name: "statix", argv: ["statix", "check", "-o", "json", "-c", top, top], read: statixRemarks },
    // What a module does not use of its arguments is a habit of NixOS, and nothing dead.
    {
      name: "deadnix",
      argv: ["deadnix", "--no-lambda-pattern-names", "-o", "json", ...files],
      read: deadnixRemarks,
    },
  ].filter(({ name }) => Bun.which(name, { PATH: env.PATH ?? "" }) !== null);
  const remarks: Remark[] = [];
  const skipped: string[] = [];
  await Promise.all(
    linters.map(async ({ name, argv, read }) => {
      const result = await here.run(argv, { deadline, signal, keep: KEEP_BYTES });
      const { exitCode, stdout, stderr, timedOut } = result;
      // Both may end with 1 when they have found something.
      const found = exitCode === 0 || (exitCode === 1 && stdout.trim() !== "") ? read(stdout) : undefined;
      if (found) remarks.push(...found);
      else if (timedOut) skipped.push(`${name} took too long`);
      else skipped.push(`${name} was not understood: ${firstLine(stderr) || `exit code ${exitCode}`}`);
    }),
  );
  return { remarks, skipped };
}

const firstLine = (text: string): string => Bun.stripANSI(text).trim().split("\n")[0] ?? "";
