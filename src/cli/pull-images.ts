import type { ServiceRecipe } from "../book/types.ts";
import { findCompose } from "../docker/compose.ts";
import { isHere } from "../graph/targets.ts";
import { pullImages, pullPlan } from "../run/pull.ts";
import { type ImageUse, imagesOfServices } from "../units/compose/images.ts";
import { engineSpace, requireSpace } from "../units/compose/preflight-space.ts";
import { openBook, targetsOf } from "./book.ts";
import { freeable } from "./cleanup.ts";
import { makeCommand } from "./command.ts";
import { connectDocker } from "./engine.ts";
import { printPlan } from "./plan.ts";
import { runLocked } from "./session.ts";

export default makeCommand({
  name: "pull-images",
  description:
    "Gets what is newer of the images of all services, or of the targets. Nothing is stopped: `homelab update-services` brings it into force. A registry that refuses is a warning as long as an image is here.",
  usage: "[TARGET…]",
  words: { min: 0, max: Number.POSITIVE_INFINITY, label: "" },
  args: {
    now: {
      type: "boolean",
      description:
        "ask also a registry that wants no more requests for a while (rate limit), as after a login",
    },
  },
  examples: [
    ["homelab pull-images && homelab update-services", "every week"],
    ["homelab pull-images media -j 2", "a group, two at once"],
    ["homelab pull-images --dry-run", "which images there are, and who uses them"],
  ],
  async run(context, words, { now }) {
    const book = await openBook(context);
    const targets = targetsOf(book, words.length === 0 ? ["all"] : words);
    const recipes = targets
      .flatMap((name) => book.recipes.get(name) ?? [])
      .filter((recipe): recipe is ServiceRecipe => recipe.kind === "service" && isHere(recipe));
    const docker = await connectDocker(context);
    const images: ImageUse = await imagesOfServices(recipes, {
      root: book.root,
      env: context.env,
      compose: () => findCompose(context.env, docker.endpoint),
      skipped: ({ name }, { message }) =>
        context.messages.warn(`the images of ${name} are not known: ${message}`),
    });
    if (context.options.dryRun) return printPlan(context, pullPlan(book.root, images));
    await requireSpace(await engineSpace(docker), context.env, () => freeable(context, book, docker));
    // The docker command is to talk to the engine that was found.
    const talksTo = docker.endpoint.unix ? { DOCKER_HOST: docker.endpoint.host } : {};
    await runLocked(context, book.root, (session) =>
      pullImages({
        ...session,
        root: book.root,
        docker,
        env: { ...context.env, ...talksTo },
        images,
        now: now === true,
      }),
    );
  },
});
