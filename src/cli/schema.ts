import { recipeSchemaText } from "../book/schema-text.ts";
import { makeCommand } from "./command.ts";
import { print } from "./context.ts";

export default makeCommand({
  name: "schema",
  description:
    "Prints the JSON Schema of homelab.yml and recipes/*.yml. Editors use it to complete and check recipe files.",
  usage: "",
  words: { min: 0, max: 0, label: "" },
  args: {},
  examples: [
    [
      "homelab schema > .homelab.schema.json",
      "then begin recipe files with: # yaml-language-server: $schema=.homelab.schema.json",
    ],
  ],
  async run() {
    print(await recipeSchemaText());
  },
});
