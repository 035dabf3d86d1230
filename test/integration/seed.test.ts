import { expect, test } from "bun:test";
import { composeFile, idle } from "../helpers/compose.ts";
import { homelab } from "../helpers/homelab.ts";

const SERVICES = [
  ..."gluetun pihole prowlarr deluge tdarr profilarr overseerr plex alloy loki prometheus grafana homepage".split(
    " ",
  ),
  ..."immich nextcloud sonarr/shows sonarr/anime radarr/movies radarr/anime".split(" "),
];
const MEDIA =
  "gluetun deluge plex profilarr prowlarr radarr/anime radarr/movies sonarr/anime sonarr/shows tdarr";

/** The homelab of a Justfile: 19 services, no recipes, a secret in each `.env`, images that are here. */
const files = Object.fromEntries(
  SERVICES.flatMap((dir) => {
    const name = `${dir.replace("/", "-")}~`;
    const app = idle({
      pull_policy: "never",
      environment: { SECRET: "${SECRET}" },
      command: ["sh", "-c", "echo $$SECRET; exec sleep 1000"],
    });
    return [
      // A project name of its own: other homelabs on this machine have services of these names as well.
      [`services/${dir}/compose.yml`, composeFile({ app }, { name })],
      [`services/${dir}/.env`, `SECRET=planted-${name}-value\n`],
    ];
  }),
);

/** Each line of the document, in the order of a working day, with its exit code and what runs afterwards. */
const LINES: [line: string, code: number, running: string][] = [
  ["list", 0, ""],
  ["validate", 0, ""],
  ["ensure-gluetun", 0, "gluetun"],
  ["ensure-loki", 0, "alloy gluetun loki"],
  ["deploy-media --no-pull", 0, `alloy loki ${MEDIA} overseerr`],
  ["deploy plex --no-pull", 0, `alloy loki ${MEDIA} overseerr`],
  ["deploy-sonarr shows --no-pull", 0, `alloy loki ${MEDIA} overseerr`],
  ["deploy-sonarr anime --no-pull", 0, `alloy loki ${MEDIA} overseerr`],
  ["deploy-radarr movies --no-pull", 0, `alloy loki ${MEDIA} overseerr`],
  ["deploy-radarr anime --no-pull", 0, `alloy loki ${MEDIA} overseerr`],
  ["deploy-monitoring --no-pull", 0, `alloy loki ${MEDIA} overseerr grafana homepage prometheus`],
  ["logs plex", 0, `alloy loki ${MEDIA} overseerr grafana homepage prometheus`],
  ["logs-sonarr shows", 0, `alloy loki ${MEDIA} overseerr grafana homepage prometheus`],
  ["stop plex", 0, `alloy loki ${MEDIA.replace("plex ", "")} overseerr grafana homepage prometheus`],
  [
    "deploy-media --no-pull",
    0,
    `alloy loki ${MEDIA.replace("plex ", "")} overseerr grafana homepage prometheus`,
  ],
  ["restart plex", 0, `alloy loki ${MEDIA} overseerr grafana homepage prometheus`],
  ["deploy-infrastructure --no-pull", 0, `alloy loki ${MEDIA} overseerr grafana homepage pihole prometheus`],
  ["deploy-selfhosting --no-pull", 0, "all"],
  ["update-services --no-pull", 0, "all"],
  ["deploy-all --no-pull", 0, "all"],
  ["pull-images", 0, "all"],
  ["cleanup --dry-run", 0, "all"],
  ["status", 0, "all"],
  ["history", 0, "all"],
  ["report", 0, "all"],
  ["update-system", 69, "all"],
  ["rollback system", 69, "all"],
  ["rollback plex --list", 0, "all"],
  ["why sonarr", 0, "all"],
  ["doctor", 0, "all"],
];

test("every command line of the document works as typed, and no secret is ever shown", async () => {
  await using lab = await homelab(files);
  const wanted = (names: string) =>
    (names === "all" ? SERVICES : names.split(" ").filter(Boolean)).toSorted();
  for (const [line, code, running] of LINES) {
    const result = await lab.run(...line.split(" "));
    expect([line, result.code, result.code === code ? "" : result.stderr]).toEqual([line, code, ""]);
    expect(`${result.stdout}${result.stderr}`).not.toContain("planted-");
    const up = (await lab.containers()).filter(({ status }) => status === "running").map(({ dir }) => dir);
    expect([line, up.map((dir) => dir.replace("services/", "")).sort()]).toEqual([line, wanted(running)]);
  }
  for (const file of ["homelab.db", "homelab.db-wal"]) {
    const state = Bun.file(`${lab.state}/${file}`);
    if (await state.exists()) expect((await state.text()).includes("planted-")).toBe(false);
  }
}, 180_000);
