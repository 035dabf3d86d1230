/** Put in by the build; a run from the sources has none. */
export const VERSION = process.env.HOMELAB_VERSION ?? "0.0.0";
export const REVISION = process.env.HOMELAB_REV ?? "unknown";

export const versionLine = (): string => `homelab ${VERSION} (${REVISION})`;
