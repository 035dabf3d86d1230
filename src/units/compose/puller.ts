import { delay } from "../../clock.ts";
import { askRetryAfter, registryOf } from "../../docker/registry.ts";
import { type ProcessResult, runProcess } from "../../process/runner.ts";
import type { RegistryLimits } from "../../store/limits.ts";
import type { StepContext } from "../driver.ts";
import { lastLines } from "./failure.ts";
import { explainPull, limitHint, limitText, type PullFailure } from "./pull-failure.ts";

/** Before another try, in milliseconds: none for what another try cannot mend. */
const PAUSES_MS: Partial<Record<PullFailure["kind"], readonly number[]>> = {
  broken: [1_000, 3_000, 9_000],
  unreachable: [1_000],
};
const LOG_LINES = 5;

export interface NotPulled extends Pick<PullFailure, "text" | "hint"> {
  readonly ok: false;
  /** `interrupted` and `timeout` beside those of failures. */
  readonly code: string;
  readonly log: readonly string[];
}

export type Pulled = { readonly ok: true } | NotPulled;

/** Gets images with the docker command, which knows the person's logins: each once in a run, however many want it. */
export class Puller {
  private readonly pulls = new Map<string, Promise<Pulled>>();
  /** Registries that could not be reached: not asked for the next image of theirs. */
  private readonly dead = new Map<string, NotPulled>();
  /** Registries with which tries were of no use: there will be no more than one for each further image. */
  private readonly hopeless = new Set<string>();

  constructor(
    private readonly env: Readonly<Record<string, string | undefined>>,
    readonly limits: RegistryLimits,
  ) {}

  pull(image: string, context: StepContext): Promise<Pulled> {
    const known = this.pulls.get(image) ?? this.tries(image, context);
    this.pulls.set(image, known);
    return known;
  }

  private async tries(image: string, context: StepContext): Promise<Pulled> {
    const registry = registryOf(image);
    for (let count = 0; ; count++) {
      const until = this.limits.refusal(registry);
      if (until !== undefined) return limited(registry, until);
      const dead = this.dead.get(registry);
      if (dead) return dead;
      context.progress("changing", `docker pull ${image}`);
      const result = await this.run(image, context);
      if (result.exitCode === 0) {
        this.limits.served(registry);
        return { ok: true };
      }
      if (result.cancelled) return notPulled("interrupted", `broken off during docker pull ${image}`);
      if (result.timedOut) return notPulled("timeout", `docker pull ${image} did not end in time`);
      const why = explainPull(result.stderr, image);
      if (why.kind === "limited") return limited(registry, await this.refused(registry, image, why, context));
      const pause = this.hopeless.has(registry) ? undefined : PAUSES_MS[why.kind]?.[count];
      if (pause === undefined || context.stop.aborted || context.remaining() < pause) {
        return this.givenUp(registry, why, result, count + 1);
      }
      context.progress("changing", `docker pull ${image} failed, once more in ${pause / 1000} s`);
      await delay(pause, context.stop);
    }
  }

  private givenUp(registry: string, why: PullFailure, { stderr }: ProcessResult, tries: number): NotPulled {
    const { reason, text, hint, kind } = why;
    const log = lastLines(stderr, LOG_LINES).filter((line) => !text.includes(line));
    const failed = { ...notPulled(reason, text, hint), log };
    if (kind === "unreachable") this.dead.set(registry, failed);
    if (kind !== "broken" || tries === 1) return failed;
    this.hopeless.add(registry);
    return { ...failed, text: `${text} (tried ${tries} times)` };
  }

  private run(image: string, context: StepContext): Promise<ProcessResult> {
    return runProcess(["docker", "pull", "--quiet", "--", image], {
      env: this.env,
      deadline: context.remaining(),
      signal: context.abort,
    });
  }

  private async refused(
    registry: string,
    image: string,
    { after }: PullFailure,
    context: StepContext,
  ): Promise<number> {
    // Those at the same registry who come meanwhile are not to ask it either.
    const until = this.limits.refusal(registry) ?? this.limits.refuse(registry, after);
    const said = after ?? (await askRetryAfter(image, context.stop));
    return said === undefined ? until : this.limits.refuse(registry, said);
  }
}

const notPulled = (code: string, text: string, hint?: string): NotPulled => ({
  ok: false,
  code,
  text,
  hint,
  log: [],
});

const limited = (registry: string, until: number): NotPulled =>
  notPulled("rate-limited", limitText(registry, until), limitHint(registry));
