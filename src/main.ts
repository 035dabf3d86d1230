import { versionLine } from "./version.ts";

const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
  console.log(versionLine());
} else {
  const { main } = await import("./cli/main.ts");
  process.exitCode = await main(argv);
}
