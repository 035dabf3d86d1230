import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HomelabError } from "../../errors.ts";
import { processOf } from "../../os/listeners.ts";
import { placeOf } from "./clash-place.ts";
import {
  type Clash,
  missingExternals,
  nameClashes,
  portClashes,
  type Resolved,
  type ResolvedProject,
} from "./clashes.ts";
import type { ServiceCore, Work } from "./core.ts";
import { type Decision, makes } from "./decide.ts";
import { envKeys } from "./dotenv.ts";
import type { ServiceView } from "./facts.ts";
import type { Inputs } from "./input-types.ts";
import { listVariables, missingVariables, optionalNames, shownPath } from "./preflight-env.ts";
import { mountClashes } from "./preflight-mounts.ts";
import {
  type HostPort,
  type Meeting,
  nameClash,
  nameMeetings,
  type Occupant,
  occupantOwner,
  portClash,
  portMeetings,
  processOwner,
  wantedNames,
  wantedPorts,
} from "./preflight-rules.ts";
import { Spaces } from "./preflight-space.ts";
import { type Want, Wants } from "./preflight-wants.ts";
import { World } from "./preflight-world.ts";
import { secretsOf } from "./secrets.ts";

/**
 * Looks, before anything is touched, for what would make a decided change fail half way or do harm: somebody else's
 * container names and ports, variables without value, networks and volumes that are not there, disks that are not
 * mounted, a full disk. One for each plan: what it asks, it asks once. What changes after that is told of when it
 * fails.
 */
export class Preflight {
  private readonly world: World;
  private readonly wants: Wants;
  private readonly spaces: Spaces;
  /** Those of the changes decided so far that name containers, and those that publish ports. */
  private readonly naming: Resolved[] = [];
  private readonly publishing: Resolved[] = [];
  private readonly refused = new Set<string>();
  private after = new Set<string>();

  constructor(private readonly core: ServiceCore) {
    this.world = new World(core.options);
    this.wants = new Wants(core);
    this.spaces = new Spaces(this.world, core.options);
  }

  /**
   * Whether the decided change of a service can be begun. `refused` names all that is in its way; `after` are services
   * that were decided before and give up in this plan what it needs.
   */
  async check(work: Work, decision: Decision): Promise<Checked> {
    this.after = new Set();
    const refused = await this.look(work, decision).catch((problem) => {
      if (problem instanceof HomelabError) return problem;
      throw problem;
    });
    if (refused) this.refused.add(work.recipe.name);
    return { refused, after: [...this.after] };
  }

  private async look(work: Work, decision: Decision): Promise<HomelabError | undefined> {
    const { recipe, view } = work;
    // What was put back runs by files of its own, which were seen ready.
    const want = view && !view.pin ? await this.wants.of(work) : undefined;
    const refusals = want && view ? await this.refusals(work, view, want, decision) : [];
    const full = makes(decision) ? await this.spaces.refusal() : undefined;
    if (full) refusals.push({ text: `\`${recipe.name}\` is not begun: ${full.text}`, hint: full.hint });
    const [first] = refusals;
    if (!first) {
      if (want?.project) this.remember({ recipe, project: want.project });
      return undefined;
    }
    const texts = (of: (each: Refusal) => string) => [...new Set(refusals.map(of))].join("; ");
    return new HomelabError(
      "refused",
      texts(({ text }) => text),
      {
        hint: texts(({ hint }) => hint),
        position: first.position,
        notes: refusals.slice(1).flatMap(({ text, position }) => (position ? [{ text, position }] : [])),
      },
    );
  }

  /** For those that are decided later; most neither name nor publish anything, and are not compared with each other. */
  private remember(planned: Resolved): void {
    const services = Object.values(planned.project.services ?? {});
    if (services.some((service) => service.container_name !== undefined)) this.naming.push(planned);
    if (services.some((service) => (service.ports ?? []).length > 0)) this.publishing.push(planned);
  }

  private async refusals(work: Work, view: ServiceView, want: Want, decision: Decision): Promise<Refusal[]> {
    const { recipe } = view;
    const found = makes(decision) ? this.variables(view, want) : [];
    if (!want.project) return found;
    const mine: Resolved = { recipe, project: want.project };
    const mask = secretsOf(view, this.core.options.env);
    const masked = [
      ...(await this.names(work, view, want)),
      ...(await this.ports(work, view, want)),
      ...(await this.externals(work, mine)),
    ].map((clash) => ({ ...clash, text: mask(clash.text), hint: mask(clash.hint) }));
    const clashes = [...masked, ...(await this.mounts(mine))];
    return [...found, ...clashes.map((clash) => ({ ...clash, position: placeOf(recipe, clash.needle) }))];
  }

  private variables({ recipe }: ServiceView, { inputs }: Want): Refusal[] {
    const { root } = this.core.options.book;
    const { documents, lookup, expected } = inputs;
    const example = readIfThere(recipe, ".env.example");
    const missing = missingVariables({
      example: example === undefined ? undefined : { file: `${recipe.dir}/.env.example`, text: example },
      known: namesIn(inputs, recipe.path),
      lookup,
      files: documents.map((document) => ({
        file: shownPath(document.path, root),
        // For the line, when there is something to tell.
        text: () => readFileSync(document.path, "utf8"),
        document,
      })),
      services: expected,
      optional: optionalNames(recipe, documents, root),
    });
    if (missing.length === 0) return [];
    const names = missing.map(({ name }) => name).join(", ");
    const templated = missing.some(({ file }) => file.endsWith(".env.example"));
    const add = templated ? ` (\`homelab env init ${recipe.name}\` adds what its template has)` : "";
    return [
      {
        text: `\`${recipe.name}\` has no value for ${listVariables(missing)}`,
        hint: `set ${missing.length > 1 ? "them" : "it"} in ${recipe.dir}/.env${add}; what may stay without value goes into its recipe: \`env: { optional: [${names}] }\``,
      },
    ];
  }

  private async names(work: Work, view: ServiceView, want: Want): Promise<Clash[]> {
    const { recipe } = view;
    const { project = {} } = want;
    const occupants = await this.world.occupants(view, want.inputs);
    const names = wantedNames(project, view.project, view.expected, occupants);
    const met = await this.lasting(work, nameMeetings(names, occupants), (theirs, { what, by }) => {
      const service = by.compose && theirs.services?.[by.compose.service];
      return service !== undefined && service.container_name !== what;
    });
    const taken = new Set(met.map(({ what }) => what));
    const planned = nameClashes([...this.naming, { recipe, project }]).filter(
      (clash) => clash.recipe === recipe && !taken.has(clash.needle),
    );
    return [...met.map((each) => nameClash(recipe, each)), ...planned];
  }

  private async ports(work: Work, view: ServiceView, want: Want): Promise<Clash[]> {
    const { recipe } = view;
    const { project = {} } = want;
    const wanted = wantedPorts(project);
    if (wanted.length === 0) return [];
    const occupants = await this.world.occupants(view, want.inputs);
    const { containers, processes } = portMeetings(wanted, occupants, this.world.listeners());
    const met = await this.lasting(work, containers, (theirs, { what, by }) => {
      const service = by.compose && theirs.services?.[by.compose.service];
      const still = wantedPorts({ services: service ? { service } : {} });
      return (
        service !== undefined &&
        !still.some(({ port, protocol }) => port === what.port && protocol === what.protocol)
      );
    });
    const clashes = [
      ...met.map(({ what, by }) => portClash(recipe, what, occupantOwner(by))),
      ...processes.flatMap(({ what, by }) => {
        const owner = this.ownerOf(what, by, occupants);
        return owner ? [portClash(recipe, what, owner)] : [];
      }),
    ];
    const taken = new Set(clashes.map(({ needle }) => needle));
    const planned = portClashes([...this.publishing, { recipe, project }]).filter(
      (clash) => clash.recipe === recipe && !taken.has(clash.needle),
    );
    return [...clashes, ...planned];
  }

  /** Whoever listens at a port that no container publishes; undefined for the service itself. */
  private ownerOf(
    what: HostPort,
    { inode, uid }: { readonly inode: string; readonly uid: number },
    occupants: readonly Occupant[],
  ): ReturnType<typeof processOwner> | undefined {
    const process = processOf(inode);
    const inside = occupants.find(({ id }) => id === process?.container);
    if (inside) return inside.mine ? undefined : occupantOwner(inside);
    // A process that cannot be seen may be the service's own, in the network of the host.
    if (!process && occupants.some(({ mine, hostNetwork }) => mine && hostNetwork)) return undefined;
    return processOwner({ uid }, process, what);
  }

  /**
   * Those of the meetings that are not over when the plan is done: another service of it gives up what it has, because
   * its files no longer ask for it. That one comes first when it was decided before; else this one may fail, and says by what.
   */
  private async lasting<What>(
    { recipe }: Work,
    meetings: readonly Meeting<What>[],
    givesUp: (theirs: ResolvedProject, meeting: Meeting<What>) => boolean,
  ): Promise<Meeting<What>[]> {
    const staying: Meeting<What>[] = [];
    for (const meeting of meetings) {
      const other = this.core.works.get(meeting.by.recipe?.name ?? recipe.name);
      const changes =
        other &&
        other.recipe !== recipe &&
        other.decision?.effect !== "read" &&
        !this.refused.has(other.recipe.name);
      const theirs = changes ? (await this.wants.of(other))?.project : undefined;
      if (!theirs || !givesUp(theirs, meeting)) staying.push(meeting);
      // Waiting for those that come later could be waiting in a circle.
      else if (other?.decision) this.after.add(other.recipe.name);
    }
    return staying;
  }

  private async mounts(mine: Resolved): Promise<Clash[]> {
    if (!this.world.local) return [];
    const clashes = mountClashes(mine, this.core.options.book.root, this.world.mounts());
    // An engine whose own directory is not to be seen here has other disks: this runs in a container of it.
    return clashes.length > 0 && (await this.world.space()) ? clashes : [];
  }

  private async externals(work: Work, mine: Resolved): Promise<Clash[]> {
    const declared = missingExternals([mine], { networks: new Set(), volumes: new Set() });
    if (declared.length === 0) return [];
    const missing = missingExternals([mine], await this.world.places());
    const clashes: Clash[] = [];
    for (const clash of missing) {
      const maker = await this.wants.makerOf(clash.needle, work.recipe);
      if (maker && this.core.works.has(maker) && !this.refused.has(maker)) continue;
      const hint = maker
        ? `\`${maker}\` makes it: write \`needs: [${maker}]\` into the recipe of \`${work.recipe.name}\``
        : clash.hint;
      clashes.push({ ...clash, hint });
    }
    return clashes;
  }
}

export interface Checked {
  readonly refused?: HomelabError | undefined;
  readonly after?: readonly string[] | undefined;
}

/** A text for people with where it stands. */
interface Refusal {
  readonly text: string;
  readonly hint: string;
  readonly position?: ReturnType<typeof placeOf>;
}

/** Names of the variables in `.env` and in env files. */
function namesIn({ manifest }: Inputs, dir: string): Set<string> {
  const files = manifest.files.filter(([path, hash]) => hash !== null && !/\.ya?ml$/.test(path));
  return new Set(
    files.flatMap(([path]) => envKeys(readFileSync(join(dir, path), "utf8")).map(({ name }) => name)),
  );
}

function readIfThere({ path, dir, files }: ServiceView["recipe"], name: string): string | undefined {
  if (!files.has(name)) return undefined;
  try {
    return readFileSync(join(path, name), "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new HomelabError("permission", `${dir}/${name} cannot be read (${code})`, {
      hint: "see `ls -l` of the file: this user must be able to read it",
      cause: error,
    });
  }
}
