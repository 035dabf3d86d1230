import { buildVms, planBuild } from "../../run/vm-build.ts";
import { MicrovmDriver } from "../../units/microvm/driver.ts";
import type { Context } from "../context.ts";
import { printPlan } from "../plan.ts";
import { runLocked } from "../session.ts";
import { openVms } from "./book.ts";

/** Builds what the configuration stands for. Nothing that runs is touched, and nothing is put in place. */
export async function run(context: Context, words: string[]): Promise<void> {
  const { book, machines, vms } = await openVms(context, words);
  if (vms.length === 0) return context.messages.info("there are no MicroVMs here");
  const { env, options } = context;
  const world = { machineOf: (host: string | undefined) => machines.of(host), env, root: book.root };
  const request = {
    book,
    targets: vms.map(({ name }) => name),
    driver: new MicrovmDriver(world, "update"),
  };
  if (options.dryRun) return printPlan(context, (await planBuild(request)).plan);
  await runLocked(context, book.root, (session) => buildVms({ ...session, ...request }));
}
