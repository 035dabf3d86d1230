import type { Book, TaskRecipe } from "../book/types.ts";
import { HomelabError } from "../errors.ts";
import { isTerminal } from "../os/libc.ts";
import { printable } from "../report/style.ts";
import { writerWhileOpen } from "../report/write.ts";
import type { EnsureRequest } from "../run/ensure.ts";
import { runTask, taskPlan } from "../run/task.ts";
import { HoldBook } from "../store/held.ts";
import { SecretFinder } from "../units/compose/secret-files.ts";
import { confirm } from "./ask.ts";
import { type Context, print } from "./context.ts";
import { connect } from "./engine.ts";
import { printPlan } from "./plan.ts";
import { runLocked, type Session } from "./session.ts";

/** Runs a task of the book with the words behind its name as its parameters. */
export async function callTask(
  context: Context,
  book: Book,
  task: TaskRecipe,
  words: readonly string[],
): Promise<void> {
  const values = valuesOf(task, words);
  if (context.options.dryRun) return showTask(context, book, task);
  if (task.confirm !== undefined) {
    await confirm(context, { effects: [], text: fill(task.confirm, values) });
  }
  const foreground = isTerminal(0) && isTerminal(1) && context.watched && !context.options.json;
  const [out, err] = [writerWhileOpen(context.options.json ? 2 : 1), writerWhileOpen(2)];
  // What a task was called with may be secret: the history gets its name alone.
  const called = { ...context, typed: task.name, plain: true };
  await runLocked(called, book.root, async (session) => {
    const secrets = await new SecretFinder(book, session.store, context.env).everything();
    const { needs, close } = await needsOf(context, book, task, session);
    try {
      return await runTask({
        ...session,
        root: book.root,
        task,
        values,
        env: context.env,
        foreground,
        tee: (stream, text) => (stream === "stdout" ? out : err)(text),
        secrets,
        needs,
      });
    } finally {
      close();
    }
  });
  context.exitCode = called.exitCode;
}

async function needsOf(
  context: Context,
  book: Book,
  task: TaskRecipe,
  session: Session,
): Promise<{ needs: EnsureRequest | undefined; close: () => void }> {
  const targets = task.needs.map((need) => need.name);
  if (targets.length === 0) return { needs: undefined, close: () => {} };
  const { drivers, close } = await connect(context, book, session.store, targets, { run: session });
  const holds = new HoldBook(context.env, book.root);
  const outright = new Set<string>();
  const needs = { ...session, book, targets, outright, drivers, holds, force: false, withNeeds: true };
  return { needs, close };
}

/** The usage line of a task. */
export const taskUsage = ({ name, params }: TaskRecipe): string =>
  ["homelab", name, ...params.map((param) => param.toUpperCase())].join(" ");

function valuesOf(task: TaskRecipe, words: readonly string[]): Record<string, string> {
  const given = words[0] === "--" ? words.slice(1) : words;
  const option = words[0] === "--" ? undefined : given.find((word) => /^-./.test(word));
  const hint = `usage: \`${taskUsage(task)}\``;
  if (option !== undefined) {
    throw new HomelabError("usage", `\`${task.name}\` takes no option \`${option}\``, {
      hint: `${hint}; what begins with a dash stands behind \`--\``,
    });
  }
  if (given.length !== task.params.length) {
    const surplus = given[task.params.length];
    const what =
      surplus !== undefined
        ? `unexpected word \`${surplus}\` after \`${task.name}\``
        : `\`${task.name}\` needs a value for \`${task.params[given.length]}\``;
    throw new HomelabError("usage", what, { hint });
  }
  return Object.fromEntries(task.params.map((param, index) => [param, given[index] ?? ""]));
}

/** Puts values into a question: for people only, nothing of it reaches a shell. */
const fill = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, name: string) => values[name] ?? whole);

function showTask(context: Context, book: Book, task: TaskRecipe): void {
  printPlan(context, taskPlan(book.root, task));
  if (!context.options.json) print(linesOf(task));
}

const linesOf = ({ run, finally: last }: TaskRecipe): string =>
  [...run.map((line) => `  $ ${line}`), ...last.map((line) => `  $ ${line}  (in the end)`)]
    .map((line) => `${line.trimEnd().split("\n").map(printable).join("\n    ")}\n`)
    .join("");

/** The help of a task. */
export function taskHelp(task: TaskRecipe): string {
  const { description, needs, confirm: question } = task;
  return [
    `${printable(description ?? `Runs the task \`${task.name}\`.`)}\n`,
    `\nUsage: ${taskUsage(task)}\n`,
    needs.length > 0 ? `\nNeeds, brought to ready first: ${needs.map((need) => need.name).join(", ")}\n` : "",
    question !== undefined ? `\nAsks first: ${printable(question)}\n` : "",
    `\nRuns:\n${linesOf(task)}`,
  ].join("");
}
