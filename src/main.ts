export {};

/** Version and revision are put in by the build. */
const VERSION = process.env.HOMELAB_VERSION ?? "0.0.0";
const REVISION = process.env.HOMELAB_REV ?? "unknown";

const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
  console.log(`homelab ${VERSION} (${REVISION})`);
} else {
  const { main } = await import("./cli/main.ts");
  process.exitCode = await main(argv);
}
