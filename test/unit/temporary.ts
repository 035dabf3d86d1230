import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A directory with these files that is gone at the end of the block: `using dir = temporary({ … })`. */
export function temporary(files: Readonly<Record<string, string>> = {}): { path: string } & Disposable {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "homelab-unit-")));
  for (const [file, content] of Object.entries(files)) write(join(path, file), content);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
