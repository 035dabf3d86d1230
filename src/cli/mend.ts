import type { Context } from "./context.ts";
import type { Finding } from "./doctor.ts";
import { type Looked, stepsDocument, workThrough } from "./steps.ts";

/** How doctor tells of a step that `--fix` does. */
export const toBeMended = ({ step, state }: Looked): Finding => ({
  check: "private",
  verdict: "warning",
  text: `${step.what}: not so: ${state.why}`,
  hint: "`homelab doctor --fix` puts it right",
});

/** Puts right what was found, after a confirmation. Returns it for the document. */
export async function mend(context: Context, found: readonly Looked[]) {
  const again = "sudo homelab doctor --fix";
  const looked = await workThrough(
    context,
    found.map(({ step }) => step),
    { again },
  );
  if (found.length === 0 && !context.options.json)
    context.messages.info("nothing here that `--fix` puts right");
  return { fixes: stepsDocument(looked) };
}
