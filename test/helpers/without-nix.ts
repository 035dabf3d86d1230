import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Homelab, homelab } from "./homelab.ts";

/** A machine with git and sh, with a few programs of its own, and without Nix. */
export async function without(files: Record<string, string>, programs: Record<string, string> = {}) {
  const lab = await homelab(files);
  const bin = join(lab.top, "bin");
  mkdirSync(bin);
  for (const name of ["git", "sh", "env", "sed", "sleep"])
    symlinkSync(Bun.which(name) as string, join(bin, name));
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}`);
    chmodSync(join(bin, name), 0o755);
  }
  return lab.with({ env: { PATH: bin } });
}

/** Lets git know all files. */
export const git = async (lab: Homelab) => {
  await lab.tool(".", "git", "init", "--quiet");
  await lab.tool(".", "git", "add", "--all");
};
