import { expect, test } from "bun:test";
import { candidates } from "../../../src/cli/candidates.ts";
import { COMMANDS } from "../../../src/cli/commands.ts";
import graph from "../../../src/cli/graph.ts";
import { bookOf, service } from "../books.ts";

const book = bookOf(
  [
    service("plex"),
    service("sonarr-shows", { family: "sonarr" }),
    service("sonarr-anime", { family: "sonarr" }),
    { kind: "task", name: "backup", needs: [], after: [], params: [], run: ["true"], finally: [] },
  ],
  ["media: plex"],
);
const commands = Object.fromEntries(
  ["ensure", "graph", "help", "env", "schema"].map((name) => [name, COMMANDS[name]]),
) as typeof COMMANDS;
const globals = new Map([
  ["json", false],
  ["root", true],
]);
const question = { commands, book, globals, topics: ["recipes"] };

test.each<[line: string, want: string]>([
  ["", "backup ensure env graph help schema"],
  ["e", "ensure env"],
  ["ensure-s", "ensure-sonarr ensure-sonarr-anime ensure-sonarr-shows"],
  ["ensure ", "all backup media plex sonarr sonarr-anime sonarr-shows"],
  ["ensure s", "sonarr sonarr-anime sonarr-shows"],
  ["ensure sonarr s", "shows sonarr sonarr-anime sonarr-shows"],
  ["ensure plex m", "media"],
  ["graph --f", "--format"],
  ["graph --format=m", "--format=mermaid"],
  ["graph --format d", "dot"],
  ["graph --", "--format --json --reverse --root"],
  ["help r", "recipes"],
  ["help back", "backup"],
  ["env ", "check init"],
  ["env check p", "plex"],
  ["schema ", ""],
  ["nonsense ", ""],
])("homelab %s", (line, want) => {
  const words = line.split(" ");
  const commandName = words.length > 1 ? words[0] : undefined;
  const command = commandName === "graph" ? graph : undefined;
  expect(candidates({ ...question, words, command, commandName }).join(" ")).toBe(want);
});

const vms = bookOf(
  [
    service("plex"),
    { kind: "microvm", name: "vm1", needs: [], after: [] },
    { kind: "microvm", name: "vm2", needs: [], after: [] },
  ],
  ["media: plex", "lab: vm1 vm2"],
);

test.each<[line: string, want: string]>([
  ["vm ", "build list logs network orphans prune restart rollback run ssh start stop update"],
  ["vm r", "restart rollback run"],
  ["vm ssh ", "lab vm1 vm2 vm9"],
  ["vm ssh vm1 -- v", ""],
  ["vm update vm1 --restart vm", "vm1 vm2 vm9"],
  ["vm -Ru ", "lab vm1 vm2 vm9"],
  ["vm orphans ", ""],
])("homelab %s", (line, want) => {
  const words = line.split(" ");
  const asked = { ...question, commands: COMMANDS, book: vms, vms: ["vm1", "vm9"], words, commandName: "vm" };
  expect(candidates(asked).join(" ")).toBe(want);
});

test("without recipes there are commands and options", () => {
  expect(candidates({ ...question, book: undefined, words: ["ensure", ""], commandName: "ensure" })).toEqual(
    [],
  );
  expect(candidates({ ...question, book: undefined, words: ["sch"] })).toEqual(["schema"]);
});
