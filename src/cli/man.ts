import { VERSION } from "../version.ts";
import { makeCommand } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { print, printJson } from "./context.ts";
import { globalRows, ownRows, TOPICS } from "./help.ts";
import { manPage } from "./roff.ts";

export default makeCommand({
  name: "man",
  description: "Prints the manual page, made of what `homelab help` says.",
  usage: "",
  words: { min: 0, max: 0, label: "" },
  args: {},
  examples: [
    ["homelab man | man -l -", "read it"],
    ["homelab man > /usr/local/share/man/man1/homelab.1", "for `man homelab`"],
  ],
  async run({ options }) {
    const commands = await Promise.all(
      Object.entries(COMMANDS).map(async ([name, { load }]) => {
        const { default: command } = await load();
        return { name, ...command, options: ownRows(command) };
      }),
    );
    const topics = Object.entries(TOPICS)
      // The page has a part with these by itself.
      .filter(([name]) => name !== "options")
      .map(([name, text]) => ({ name, text: text() }));
    const page = manPage({ version: VERSION, commands, options: globalRows(), topics });
    if (options.json) printJson({ version: 1, page });
    else print(page);
  },
});
