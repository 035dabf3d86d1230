import { readdirSync } from "node:fs";

/** A service's directory as the recipe book describes it. */
export const placeOf = (path: string): { path: string; files: Set<string> } => ({
  path,
  files: new Set(readdirSync(path)),
});
