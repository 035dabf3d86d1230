import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { HomelabError } from "../errors.ts";
import { table } from "../report/table.ts";
import type { SetupStep, SetupTarget } from "../run/setup/step.ts";
import { setupSteps } from "../run/setup.ts";
import { confirm } from "./ask.ts";
import { makeCommand } from "./command.ts";
import { type Context, print, printJson } from "./context.ts";

/** Where the repository of a server lives. */
const USUAL_ROOT = "/opt/homelab";

export default makeCommand({
  name: "setup",
  description:
    "Sets a server up, once: the repository in its place, the link to its NixOS configuration, directories for the data of its services, owners and modes, and what git and Docker need to know. Every step is looked at first, and what is right already is left alone.",
  usage: "[URL]",
  words: { min: 0, max: 1, label: "" },
  args: {
    user: {
      type: "string",
      valueHint: "NAME",
      description: "the admin who owns services and their data (default: who called sudo)",
    },
  },
  examples: [
    ["sudo homelab setup https://example.org/homelab.git", `clone to ${USUAL_ROOT} and set it up`],
    ["homelab setup --dry-run", "what is right, and what is to be done"],
  ],
  async run(context, [url], { user }) {
    const { env, options } = context;
    const target: SetupTarget = {
      root: resolve(options.root ?? env.HOMELAB_ROOT ?? USUAL_ROOT),
      url,
      user: user ?? env.SUDO_USER ?? env.USER ?? env.LOGNAME ?? "root",
      env,
    };
    const looked = await look(target);
    const open = looked.filter(({ state }) => state.is === "to do");
    if (options.json && (options.dryRun || open.length === 0)) return printJson(document(target, looked));
    if (!options.json) print(checklist(looked, context));
    if (options.dryRun || open.length === 0) return;
    requireRights(open);
    await confirm(context, {
      effects: open.map(({ step }) => step.what),
      text: `Do ${open.length === 1 ? "it" : "these"} now?`,
    });
    await doAll(
      context,
      target,
      open.map(({ step }) => step.id),
    );
  },
});

/** A step as it was found. */
interface Looked {
  readonly step: SetupStep;
  readonly state: Awaited<ReturnType<SetupStep["look"]>>;
}

async function look(target: SetupTarget): Promise<Looked[]> {
  const looked: Looked[] = [];
  for (const step of setupSteps(target)) looked.push({ step, state: await step.look() });
  return looked;
}

/** Does steps in their order. Each is looked at again before and after: one may have done the work of another. */
async function doAll(context: Context, target: SetupTarget, ids: readonly string[]): Promise<void> {
  const done: Looked[] = [];
  for (const step of setupSteps(target)) {
    const before = await step.look();
    if (before.is !== "to do" || (!ids.includes(step.id) && !existsSync(target.root))) {
      done.push({ step, state: before });
      continue;
    }
    await step.apply();
    const state = await step.look();
    done.push({ step, state });
    if (state.is === "to do") {
      throw new HomelabError("step-failed", `${step.what}: still to be done (${state.why})`, {
        hint: "run it again: what was done is left alone",
      });
    }
    if (!context.options.quiet && !context.options.json) print(`done  ${step.what}\n`);
  }
  if (context.options.json) printJson(document(target, done));
}

function requireRights(open: readonly Looked[]): void {
  if (process.getuid?.() === 0) return;
  const needing = open.filter(({ step }) => step.root);
  if (needing.length === 0) return;
  throw new HomelabError(
    "permission",
    `root is needed to: ${needing.map(({ step }) => step.what).join("; ")}`,
    {
      hint: "run it again as `sudo homelab setup`",
    },
  );
}

function checklist(looked: readonly Looked[], { out: s }: Context): string {
  const paint = { ok: s.green, "to do": s.yellow, "not here": s.dim };
  const rows = looked.map(({ step, state }) => [paint[state.is](state.is), step.what, s.dim(state.why)]);
  return table(rows, { style: s });
}

const document = ({ root, user }: SetupTarget, looked: readonly Looked[]) => ({
  version: 1,
  root,
  user,
  steps: looked.map(({ step, state }) => ({ id: step.id, what: step.what, state: state.is, why: state.why })),
});
