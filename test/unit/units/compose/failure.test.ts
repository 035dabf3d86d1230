import { describe, expect, test } from "bun:test";
import { explainFailure, lastLines } from "../../../../src/units/compose/failure.ts";

const progress = (project: string) =>
  [
    ` Network ${project}_default  Creating`,
    ` Network ${project}_default  Created`,
    ` Container ${project}-a-1  Creating`,
    ` Container ${project}-a-1  Created`,
    ` Container ${project}-a-1  Starting`,
    "",
  ].join("\n");

const RULE = "correct it; `homelab validate` checks all compose files";

// What Docker Compose 2.40.3 with Docker 20.10 says.
const CASES: [string, string, { reason: string; text: string; hint?: string }][] = [
  [
    "a port that another container has",
    `${progress("web")}Error response from daemon: driver failed programming external connectivity on endpoint web-a-1 (e53f13d5e188d26186d11f193de1133d9d188b7411981683d09d9bde5c81c508): Bind for 0.0.0.0:38472 failed: port is already allocated\n`,
    {
      reason: "port-taken",
      text: "port 38472 is already taken (0.0.0.0:38472)",
      hint: "see who has it: `docker ps --filter publish=38472`, `ss -ltnp 'sport = :38472'`",
    },
  ],
  [
    "a port that a program of the host has",
    `${progress("web")}Error response from daemon: driver failed programming external connectivity on endpoint web-a-1 (b9b65754377e86f515ebb77198cfa1ab31fa8c76767fd364f9a89383385fba1b): Error starting userland proxy: listen tcp4 127.0.0.1:38471: bind: address already in use\n`,
    {
      reason: "port-taken",
      text: "port 38471 is already taken (127.0.0.1:38471)",
      hint: "see who has it: `docker ps --filter publish=38471`, `ss -ltnp 'sport = :38471'`",
    },
  ],
  [
    "a registry whose name does not resolve",
    ' a Pulling \n a Error Get "https://registry.invalid/v2/": dial tcp: lookup registry.invalid on 10.0.0.53:53: no such host\nError response from daemon: Get "https://registry.invalid/v2/": dial tcp: lookup registry.invalid on 10.0.0.53:53: no such host\n',
    {
      reason: "image-missing",
      text: "the image is not here, and its registry https://registry.invalid cannot be reached",
      hint: "check the network and the name of the registry, then run again",
    },
  ],
  [
    "a registry that takes no connection",
    ' a Pulling \n a Error Get "http://127.0.0.1:9/v2/": dial tcp 127.0.0.1:9: connect: connection refused\nError response from daemon: Get "http://127.0.0.1:9/v2/": dial tcp 127.0.0.1:9: connect: connection refused\n',
    {
      reason: "image-missing",
      text: "the image is not here, and its registry http://127.0.0.1:9 cannot be reached",
      hint: "check the network and the name of the registry, then run again",
    },
  ],
  [
    "an image whose tag the registry does not have",
    " a Pulling \n a Error manifest unknown\nError response from daemon: manifest unknown\n",
    {
      reason: "image-missing",
      text: "the image does not exist in its registry",
      hint: "check its name and tag in the compose file",
    },
  ],
  [
    "an image whose name the registry does not have",
    " a Pulling \n a Error name unknown\nError response from daemon: name unknown\n",
    {
      reason: "image-missing",
      text: "the image does not exist in its registry",
      hint: "check its name and tag in the compose file",
    },
  ],
  [
    "an image whose name is malformed",
    "unable to get image 'HL/Base:1': Error response from daemon: no such image: HL/Base:1: invalid reference format: repository name must be lowercase\n",
    {
      reason: "image-missing",
      text: "the image `HL/Base:1` does not exist in its registry",
      hint: "check its name and tag in the compose file",
    },
  ],
  [
    "an image that the registry denies",
    " a Pulling \n a Error denied\nError response from daemon: denied\n",
    {
      reason: "image-missing",
      text: "the registry does not give the image away: it does not exist there, or a login is needed",
      hint: "check its name in the compose file, or run `docker login`",
    },
  ],
  [
    "an image that needs a login",
    " a Pulling \n a Error unauthorized\nError response from daemon: unauthorized\n",
    {
      reason: "image-missing",
      text: "the registry does not give the image away: it does not exist there, or a login is needed",
      hint: "check its name in the compose file, or run `docker login`",
    },
  ],
  [
    "a rate limit",
    " a Pulling \n a Error toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading\nError response from daemon: toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading\n",
    {
      reason: "rate-limited",
      text: "the registry refuses further pulls for now (rate limit)",
      hint: "wait, or log in with `docker login` for a higher limit",
    },
  ],
  [
    "a network that was taken away",
    `Error response from daemon: network ${"c1".repeat(32)} not found\n`,
    {
      reason: "network-gone",
      text: "the network that its container was made with does not exist any more",
      hint: "`homelab ensure` with `--force` makes the container anew",
    },
  ],
  ...[`task ${"fe".repeat(32)}: already exists`, "id already in use"].map((said): (typeof CASES)[number] => [
    `a container that Docker lost track of: ${said.slice(0, 10)}`,
    `Error response from daemon: ${said}\n`,
    {
      reason: "task-lost",
      text: "Docker was killed while it started a container, and cannot start that one again",
      hint: "restart the machine if it still runs; `homelab ensure` with `--force` makes it anew",
    },
  ]),
  [
    "an engine of another time",
    "Error response from daemon: client version 1.52 is too new. Maximum supported API version is 1.41\n",
    {
      reason: "unsupported",
      text: "Docker Compose and Docker do not speak the same version: client version 1.52 is too new. Maximum supported API version is 1.41",
      hint: "update the older of the two",
    },
  ],
  [
    "a registry that is broken",
    " a Pulling \n a Error received unexpected HTTP status: 500 Internal Server Error\nError response from daemon: received unexpected HTTP status: 500 Internal Server Error\n",
    {
      reason: "compose-failed",
      text: "docker compose failed: Error response from daemon: received unexpected HTTP status: 500 Internal Server Error",
    },
  ],
  [
    "a required variable with a text",
    "error while interpolating services.a.environment.T: required variable TOKEN is missing a value: set it to the token\n",
    {
      reason: "variable-unset",
      text: "required variable `TOKEN` is not set: set it to the token",
      hint: "set TOKEN in the service's .env",
    },
  ],
  [
    "a required variable without a text",
    "error while interpolating services.a.environment.T: required variable TOKEN is missing a value\n",
    {
      reason: "variable-unset",
      text: "required variable `TOKEN` is not set",
      hint: "set TOKEN in the service's .env",
    },
  ],
  [
    "an external network that is missing",
    "network proxy declared as external, but could not be found\n",
    {
      reason: "network-missing",
      text: "the external network `proxy` does not exist",
      hint: "create it with `docker network create proxy`",
    },
  ],
  [
    "an external volume that is missing",
    'external volume "vault" not found\n',
    {
      reason: "volume-missing",
      text: "the external volume `vault` does not exist",
      hint: "create it with `docker volume create vault`",
    },
  ],
  [
    "a container name that is taken",
    ' Container gluetun  Creating\n Container gluetun  Error response from daemon: Conflict. The container name "/gluetun" is already in use by container "4deb9b5972d74f1c2002b49c2eeaaa8b87af6009ddcab68d521a849f48488c31". You have to remove (or rename) that container to be able to reuse that name.\nError response from daemon: Conflict. The container name "/gluetun" is already in use by container "4deb9b5972d74f1c2002b49c2eeaaa8b87af6009ddcab68d521a849f48488c31". You have to remove (or rename) that container to be able to reuse that name.\n',
    {
      reason: "name-taken",
      text: "the container name `gluetun` is already in use by container 4deb9b5972d7",
      hint: "`docker inspect 4deb9b5972d7` shows whose it is; remove or rename one of the two",
    },
  ],
  [
    "a network of a container that is missing",
    " Container web-a-1  Starting\nError response from daemon: No such container: gluetun\n",
    {
      reason: "container-missing",
      text: "the container `gluetun` that it shares its network with does not exist",
      hint: "let the recipe need the service that makes it",
    },
  ],
  [
    "no address range left",
    " Network web_default  Creating\n Network web_default  Error\nfailed to create network web_default: Error response from daemon: could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network\n",
    {
      reason: "no-subnet",
      text: "Docker has no address range left for another network",
      hint: "`docker network prune` frees those that nothing uses; `default-address-pools` in Docker's settings adds more",
    },
  ],
  [
    "Docker that is down",
    "unable to get image 'app:1': Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n",
    {
      reason: "docker-unavailable",
      text: "Docker went away during the change",
      hint: "see `systemctl status docker`, then run again",
    },
  ],
  [
    "an unknown key of a service",
    "validating /srv/web/compose.yml: services.a additional properties 'imagee' not allowed\n",
    {
      reason: "compose-invalid",
      text: "compose refuses the file: validating /srv/web/compose.yml: services.a additional properties 'imagee' not allowed",
      hint: RULE,
    },
  ],
  [
    "an unknown key of the file",
    "validating /srv/web/compose.yml:  additional properties 'servics' not allowed\n",
    {
      reason: "compose-invalid",
      text: "compose refuses the file: validating /srv/web/compose.yml:  additional properties 'servics' not allowed",
      hint: RULE,
    },
  ],
  [
    "a value of the wrong type",
    "validating /srv/web/compose.yml: services.a.ports must be a array\n",
    {
      reason: "compose-invalid",
      text: "compose refuses the file: validating /srv/web/compose.yml: services.a.ports must be a array",
      hint: RULE,
    },
  ],
  [
    "malformed YAML",
    "failed to parse /srv/web/compose.yml: yaml: line 1: did not find expected key\n",
    {
      reason: "compose-invalid",
      text: "compose refuses the file: failed to parse /srv/web/compose.yml: yaml: line 1: did not find expected key",
      hint: RULE,
    },
  ],
  [
    "a key that is there twice",
    'failed to parse /srv/web/compose.yml: line 1: mapping key "a" already defined at line 1\n',
    {
      reason: "compose-invalid",
      text: 'compose refuses the file: failed to parse /srv/web/compose.yml: line 1: mapping key "a" already defined at line 1',
      hint: RULE,
    },
  ],
  [
    "an empty file",
    "empty compose file\n",
    { reason: "compose-invalid", text: "compose refuses the file: empty compose file", hint: RULE },
  ],
  [
    "no services",
    "no service selected\n",
    { reason: "compose-invalid", text: "compose refuses the file: no service selected", hint: RULE },
  ],
  [
    "a malformed variable",
    "invalid interpolation format for services.a.image.\nYou may need to escape any $ with another $.\napp:${X\n",
    {
      reason: "compose-invalid",
      text: "compose refuses the file: malformed variable in services.a.image",
      hint: "write `$$` for a dollar sign, `${NAME}` for a variable",
    },
  ],
  [
    "a malformed line of .env",
    "failed to read /srv/web/.env: line 4: key cannot contain a space\n",
    {
      reason: "compose-invalid",
      text: "/srv/web/.env, line 4, is malformed: key cannot contain a space",
      hint: "each line is `NAME=value`; quote a value that has spaces",
    },
  ],
  [
    "an env file that is missing",
    "env file /srv/web/.env.app not found: stat /srv/web/.env.app: no such file or directory\n",
    {
      reason: "compose-invalid",
      text: "compose refuses the file: env file /srv/web/.env.app not found: stat /srv/web/.env.app: no such file or directory",
      hint: RULE,
    },
  ],
  [
    "a network that the file does not have",
    'service "a" refers to undefined network x: invalid compose project\n',
    {
      reason: "compose-invalid",
      text: 'compose refuses the file: service "a" refers to undefined network x: invalid compose project',
      hint: RULE,
    },
  ],
  [
    "a dependency that the file does not have",
    'service "a" depends on undefined service "b": invalid compose project\n',
    {
      reason: "compose-invalid",
      text: 'compose refuses the file: service "a" depends on undefined service "b": invalid compose project',
      hint: RULE,
    },
  ],
  [
    "a program that the image does not have",
    `${progress("web")}Error response from daemon: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "serve": executable file not found in $PATH: unknown\n`,
    {
      reason: "compose-failed",
      text: 'docker compose failed: Error response from daemon: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "serve": executable file not found in $PATH: unknown',
    },
  ],
  [
    "a dependency inside of the project that is unhealthy",
    " Container web-b-1  Waiting\n Container web-b-1  Error\ndependency failed to start: container web-b-1 is unhealthy\n",
    {
      reason: "compose-failed",
      text: "docker compose failed: dependency failed to start: container web-b-1 is unhealthy",
    },
  ],
  [
    "a full disk",
    "Error response from daemon: mkdir /var/lib/docker/overlay2/x: no space left on device\n",
    {
      reason: "disk-full",
      text: "no space left on the disk",
      hint: "`homelab cleanup` removes images that nothing needs; `docker system df` shows what takes it",
    },
  ],
  ["nothing said", "", { reason: "compose-failed", text: "docker compose failed: it said nothing" }],
];

describe("explainFailure() of", () => {
  test.each(CASES)("%s", (_, stderr, want) => {
    expect(explainFailure(stderr)).toEqual({ hint: undefined, ...want });
  });
});

describe("lastLines() of", () => {
  test.each([
    ["nothing", "", 3, []],
    ["fewer lines", "a\nb\n", 3, ["a", "b"]],
    ["more lines", "a\nb\nc\nd", 2, ["c", "d"]],
    ["empty lines and lines of Windows", "a\r\n\r\n  b  \n\n", 3, ["a", "  b"]],
    [
      "compose's progress",
      `${progress("web")} a Pulling \n a Pulled \nsaid\n Container x  Recreate\n`,
      9,
      ["said"],
    ],
    [
      "the layers of an image",
      " a60d3a9562b3 Pulling fs layer\n a60d3a9562b3 Extracting [=>  ]  32.77kB/1.069MB\n a60d3a9562b3 failed\n",
      9,
      [" a60d3a9562b3 failed"],
    ],
    [
      "words that look like progress",
      "something Failing here\nContainer is\n",
      9,
      ["something Failing here", "Container is"],
    ],
  ])("%s", (_, text, count, want) => expect(lastLines(text, count)).toEqual(want));
});
