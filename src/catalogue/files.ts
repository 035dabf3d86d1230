import alloyEnv from "../../recipes/catalogue/alloy/.env.example" with { type: "text" };
import alloyCompose from "../../recipes/catalogue/alloy/compose.yml" with { type: "text" };
import alloyReadme from "../../recipes/catalogue/alloy/README.md" with { type: "text" };
import delugeEnv from "../../recipes/catalogue/deluge/.env.example" with { type: "text" };
import delugeCompose from "../../recipes/catalogue/deluge/compose.yml" with { type: "text" };
import delugeReadme from "../../recipes/catalogue/deluge/README.md" with { type: "text" };
import gluetunEnv from "../../recipes/catalogue/gluetun/.env.example" with { type: "text" };
import gluetunCompose from "../../recipes/catalogue/gluetun/compose.yml" with { type: "text" };
import gluetunReadme from "../../recipes/catalogue/gluetun/README.md" with { type: "text" };
import grafanaEnv from "../../recipes/catalogue/grafana/.env.example" with { type: "text" };
import grafanaCompose from "../../recipes/catalogue/grafana/compose.yml" with { type: "text" };
import grafanaReadme from "../../recipes/catalogue/grafana/README.md" with { type: "text" };
import homepageEnv from "../../recipes/catalogue/homepage/.env.example" with { type: "text" };
import homepageCompose from "../../recipes/catalogue/homepage/compose.yml" with { type: "text" };
import homepageReadme from "../../recipes/catalogue/homepage/README.md" with { type: "text" };
import immichEnv from "../../recipes/catalogue/immich/.env.example" with { type: "text" };
import immichCompose from "../../recipes/catalogue/immich/compose.yml" with { type: "text" };
import immichReadme from "../../recipes/catalogue/immich/README.md" with { type: "text" };
import lokiEnv from "../../recipes/catalogue/loki/.env.example" with { type: "text" };
import lokiCompose from "../../recipes/catalogue/loki/compose.yml" with { type: "text" };
import lokiReadme from "../../recipes/catalogue/loki/README.md" with { type: "text" };
import nextcloudEnv from "../../recipes/catalogue/nextcloud/.env.example" with { type: "text" };
import nextcloudCompose from "../../recipes/catalogue/nextcloud/compose.yml" with { type: "text" };
import nextcloudReadme from "../../recipes/catalogue/nextcloud/README.md" with { type: "text" };
import overseerrEnv from "../../recipes/catalogue/overseerr/.env.example" with { type: "text" };
import overseerrCompose from "../../recipes/catalogue/overseerr/compose.yml" with { type: "text" };
import overseerrReadme from "../../recipes/catalogue/overseerr/README.md" with { type: "text" };
import piholeEnv from "../../recipes/catalogue/pihole/.env.example" with { type: "text" };
import piholeCompose from "../../recipes/catalogue/pihole/compose.yml" with { type: "text" };
import piholeReadme from "../../recipes/catalogue/pihole/README.md" with { type: "text" };
import plexEnv from "../../recipes/catalogue/plex/.env.example" with { type: "text" };
import plexCompose from "../../recipes/catalogue/plex/compose.yml" with { type: "text" };
import plexReadme from "../../recipes/catalogue/plex/README.md" with { type: "text" };
import profilarrEnv from "../../recipes/catalogue/profilarr/.env.example" with { type: "text" };
import profilarrCompose from "../../recipes/catalogue/profilarr/compose.yml" with { type: "text" };
import profilarrReadme from "../../recipes/catalogue/profilarr/README.md" with { type: "text" };
import prometheusEnv from "../../recipes/catalogue/prometheus/.env.example" with { type: "text" };
import prometheusCompose from "../../recipes/catalogue/prometheus/compose.yml" with { type: "text" };
import prometheusReadme from "../../recipes/catalogue/prometheus/README.md" with { type: "text" };
import prowlarrEnv from "../../recipes/catalogue/prowlarr/.env.example" with { type: "text" };
import prowlarrCompose from "../../recipes/catalogue/prowlarr/compose.yml" with { type: "text" };
import prowlarrReadme from "../../recipes/catalogue/prowlarr/README.md" with { type: "text" };
import radarrAnimeEnv from "../../recipes/catalogue/radarr/anime.env.example" with { type: "text" };
import radarrCompose from "../../recipes/catalogue/radarr/compose.yml" with { type: "text" };
import radarrMoviesEnv from "../../recipes/catalogue/radarr/movies.env.example" with { type: "text" };
import radarrReadme from "../../recipes/catalogue/radarr/README.md" with { type: "text" };
import sonarrAnimeEnv from "../../recipes/catalogue/sonarr/anime.env.example" with { type: "text" };
import sonarrCompose from "../../recipes/catalogue/sonarr/compose.yml" with { type: "text" };
import sonarrReadme from "../../recipes/catalogue/sonarr/README.md" with { type: "text" };
import sonarrShowsEnv from "../../recipes/catalogue/sonarr/shows.env.example" with { type: "text" };
import tdarrEnv from "../../recipes/catalogue/tdarr/.env.example" with { type: "text" };
import tdarrCompose from "../../recipes/catalogue/tdarr/compose.yml" with { type: "text" };
import tdarrReadme from "../../recipes/catalogue/tdarr/README.md" with { type: "text" };

/** One entry of the catalogue: the texts of its files. */
export interface CatalogueFiles {
  readonly compose: string;
  readonly readme: string;
  /** `.env.example` by instance; one without instances has it under the empty name. */
  readonly env: Readonly<Record<string, string>>;
}

/** The shipped services by the name of their directory. */
export const CATALOGUE: Readonly<Record<string, CatalogueFiles>> = {
  alloy: { compose: alloyCompose, readme: alloyReadme, env: { "": alloyEnv } },
  deluge: { compose: delugeCompose, readme: delugeReadme, env: { "": delugeEnv } },
  gluetun: { compose: gluetunCompose, readme: gluetunReadme, env: { "": gluetunEnv } },
  grafana: { compose: grafanaCompose, readme: grafanaReadme, env: { "": grafanaEnv } },
  homepage: { compose: homepageCompose, readme: homepageReadme, env: { "": homepageEnv } },
  immich: { compose: immichCompose, readme: immichReadme, env: { "": immichEnv } },
  loki: { compose: lokiCompose, readme: lokiReadme, env: { "": lokiEnv } },
  nextcloud: { compose: nextcloudCompose, readme: nextcloudReadme, env: { "": nextcloudEnv } },
  overseerr: { compose: overseerrCompose, readme: overseerrReadme, env: { "": overseerrEnv } },
  pihole: { compose: piholeCompose, readme: piholeReadme, env: { "": piholeEnv } },
  plex: { compose: plexCompose, readme: plexReadme, env: { "": plexEnv } },
  profilarr: { compose: profilarrCompose, readme: profilarrReadme, env: { "": profilarrEnv } },
  prometheus: { compose: prometheusCompose, readme: prometheusReadme, env: { "": prometheusEnv } },
  prowlarr: { compose: prowlarrCompose, readme: prowlarrReadme, env: { "": prowlarrEnv } },
  radarr: {
    compose: radarrCompose,
    readme: radarrReadme,
    env: { movies: radarrMoviesEnv, anime: radarrAnimeEnv },
  },
  sonarr: {
    compose: sonarrCompose,
    readme: sonarrReadme,
    env: { shows: sonarrShowsEnv, anime: sonarrAnimeEnv },
  },
  tdarr: { compose: tdarrCompose, readme: tdarrReadme, env: { "": tdarrEnv } },
};
