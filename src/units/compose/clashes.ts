import type { ServiceRecipe } from "../../book/types.ts";

/** What `docker compose config --format json` says of a project: the parts that are used. */
export interface ResolvedProject {
  readonly services?: Readonly<Record<string, ResolvedService>>;
  readonly networks?: Readonly<Record<string, ResolvedPlace | null>>;
  readonly volumes?: Readonly<Record<string, ResolvedPlace | null>>;
}

/** A network or a volume. */
export interface ResolvedPlace {
  readonly name?: string;
  readonly external?: boolean;
}

export interface ResolvedService {
  readonly container_name?: string;
  readonly network_mode?: string;
  readonly ports?: readonly {
    readonly published?: string;
    readonly protocol?: string;
    readonly host_ip?: string;
  }[];
  readonly volumes?: readonly {
    readonly type: string;
    readonly source?: string;
    readonly target?: string;
    /** The source as the compose file has it, where that is known: with its variables, whose values may be secret. */
    readonly written?: string;
    readonly bind?: { readonly create_host_path?: boolean };
  }[];
}

/** A service with its project as compose resolves it. */
export interface Resolved {
  readonly recipe: ServiceRecipe;
  readonly project: ResolvedProject;
}

export interface Clash {
  /** The service in whose files it can be put right. */
  readonly recipe: ServiceRecipe;
  /** A text that stands in its compose file, to show the place. */
  readonly needle: string;
  readonly severity: "error" | "warning";
  readonly text: string;
  readonly hint: string;
}

const servicesOf = ({ project }: Resolved): [string, ResolvedService][] =>
  Object.entries(project.services ?? {});

/** Host ports that two services want. An address of its own collides with the same one, and with all addresses. */
export function portClashes(all: readonly Resolved[]): Clash[] {
  const taken: { port: string; ip: string; recipe: ServiceRecipe; service: string }[] = [];
  const clashes: Clash[] = [];
  for (const each of all) {
    for (const [service, { ports = [] }] of servicesOf(each)) {
      for (const { published, protocol = "tcp", host_ip: ip = "" } of ports) {
        for (const number of numbers(published)) {
          const port = `${number}/${protocol}`;
          const other = taken.find((known) => known.port === port && overlap(known.ip, ip));
          taken.push({ port, ip, recipe: each.recipe, service });
          if (!other) continue;
          clashes.push({
            recipe: each.recipe,
            needle: String(number),
            severity: "error",
            text: `\`${other.recipe.name}\` and \`${each.recipe.name}\` both publish port ${port}`,
            hint: "give one of them another host port",
          });
        }
      }
    }
  }
  return clashes;
}

/** Without an address a port is published at all of them, of IPv4 and of IPv6. */
export function overlap(a: string, b: string): boolean {
  if (a === b || a === "" || b === "") return true;
  const any = a.includes(":") ? "::" : "0.0.0.0";
  return a.includes(":") === b.includes(":") && (a === any || b === any);
}

/** "8080", or "8080-8082" for several. */
export function numbers(published: string | undefined): number[] {
  const [first, last] = (published ?? "").split("-").map(Number);
  if (first === undefined || !Number.isInteger(first) || first <= 0) return [];
  const end = last !== undefined && Number.isInteger(last) ? last : first;
  return Array.from({ length: Math.max(1, end - first + 1) }, (_, index) => first + index);
}

/** Container names that two services want: the second container could never be made. */
export function nameClashes(all: readonly Resolved[]): Clash[] {
  const owners = new Map<string, ServiceRecipe>();
  const clashes: Clash[] = [];
  for (const each of all) {
    for (const [, { container_name: name }] of servicesOf(each)) {
      if (name === undefined) continue;
      const other = owners.get(name);
      owners.set(name, each.recipe);
      if (!other) continue;
      const text =
        other === each.recipe
          ? `two services of \`${other.name}\` have the container name \`${name}\``
          : `\`${other.name}\` and \`${each.recipe.name}\` both have the container name \`${name}\``;
      clashes.push({
        recipe: each.recipe,
        needle: name,
        severity: "error",
        text,
        hint: "give one of them another `container_name`",
      });
    }
  }
  return clashes;
}

/** Services that share the network of a container that nobody makes, or of one that they do not need. */
export function networkClashes(all: readonly Resolved[]): Clash[] {
  const owners = new Map(
    all.flatMap((each) =>
      servicesOf(each).flatMap(([, { container_name: name }]) =>
        name === undefined ? [] : [[name, each.recipe] as const],
      ),
    ),
  );
  return all.flatMap((each) =>
    servicesOf(each).flatMap(([, { network_mode: mode }]): Clash[] => {
      const name = /^container:(.+)$/.exec(mode ?? "")?.[1];
      if (name === undefined) return [];
      const { recipe } = each;
      const owner = owners.get(name);
      const place = { recipe, needle: name, severity: "warning" as const };
      if (!owner) {
        const text = `\`${recipe.name}\` shares the network of \`${name}\`, and no service here makes a container of that name`;
        return [
          {
            ...place,
            text,
            hint: `write \`container_name: ${name}\` into the compose file of the one that does`,
          },
        ];
      }
      if (owner.needs.some((need) => need.name === recipe.name)) {
        const text = `\`${recipe.name}\` shares the network of \`${owner.name}\`, and yet \`${owner.name}\` needs \`${recipe.name}\`: neither can come first`;
        return [{ ...place, text, hint: `take \`${recipe.name}\` out of what \`${owner.name}\` needs` }];
      }
      if (owner === recipe || recipe.needs.some((need) => need.name === owner.name)) return [];
      const text = `\`${recipe.name}\` shares the network of \`${owner.name}\`, and its recipe does not say so`;
      return [
        {
          ...place,
          text,
          hint: `it is taken as a need all the same; \`needs: [${owner.name}]\` in the recipe of \`${recipe.name}\` lets \`graph\` show it`,
        },
      ];
    }),
  );
}

/** Directories of the host that are to be mounted and are not there: the engine would make them, empty and root's. */
export function missingSources(all: readonly Resolved[], exists: (path: string) => boolean): Clash[] {
  return all.flatMap((each) =>
    servicesOf(each).flatMap(([, { volumes = [] }]) =>
      volumes.flatMap(({ type, source, written }): Clash[] => {
        if (type !== "bind" || source === undefined || exists(source)) return [];
        const shown = written ?? source;
        const text = `\`${each.recipe.name}\` mounts ${shown}, which is not there`;
        const hint = "make it with the owner that the service wants: Docker would make it for root";
        return [{ recipe: each.recipe, needle: shown, severity: "warning", text, hint }];
      }),
    ),
  );
}

/** Networks and volumes that are said to be there and are not. */
export function missingExternals(
  all: readonly Resolved[],
  known: { readonly networks: ReadonlySet<string>; readonly volumes: ReadonlySet<string> },
): Clash[] {
  return all.flatMap(({ recipe, project }) =>
    (["networks", "volumes"] as const).flatMap((section) =>
      Object.entries(project[section] ?? {}).flatMap(([key, value]): Clash[] => {
        const name = value?.name ?? key;
        if (!value?.external || known[section].has(name)) return [];
        const noun = section.slice(0, -1);
        const text = `the external ${noun} \`${name}\` of \`${recipe.name}\` does not exist`;
        return [
          {
            recipe,
            needle: name,
            severity: "error",
            text,
            hint: `create it with \`docker ${noun} create ${name}\``,
          },
        ];
      }),
    ),
  );
}
