# Writes the demo homelab. Sourced by scripts/demo.
#
# Every project and container name begins with the name of its directory, and no port of the machine is taken: on a server where the
# real services run, the demo does not touch them.

write_homelab() {
  local root=$1
  ignore_file >"$root/.gitignore"

  gluetun
  behind_gluetun prowlarr prowlarr 9696
  behind_gluetun deluge deluge 8112
  immich

  # name, directory, port of its health check (`-`: none)
  local name dir port
  while read -r name dir port; do service "$name" "$dir" "$port"; done <<'LIST'
pihole        pihole        80
tdarr         tdarr         8265
profilarr     profilarr     6868
sonarr-shows  sonarr/shows  8989
sonarr-anime  sonarr/anime  8989
radarr-movies radarr/movies 7878
radarr-anime  radarr/anime  7878
overseerr     overseerr     5055
plex          plex          32400
alloy         alloy         -
loki          loki          3100
prometheus    prometheus    9090
grafana       grafana       3000
homepage      homepage      3000
nextcloud     nextcloud     80
LIST

  if [[ ! -d $root/.git ]]; then git -C "$root" init -q -b main; fi
  git -C "$root" add -A
  git -C "$root" diff --cached --quiet ||
    git -C "$root" -c user.name=demo -c user.email=demo@localhost commit -q -m "Demo homelab"
}

# compose DIR: standard input becomes its compose file, with an .env and the template that is committed beside it.
# An .env that is there already is the person's own.
compose() {
  local dir=$root/services/$1
  mkdir -p "$dir"
  cat >"$dir/compose.yml"
  printf '%s\n' "# Settings of $1" PUID=1000 PGID=1000 TZ=Etc/UTC API_KEY=your_api_key_here >"$dir/.env.example"
  if [[ ! -e $dir/.env ]]; then
    (umask 077 && sed "s/your_api_key_here/$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')/" "$dir/.env.example" >"$dir/.env")
  fi
}

# health PORT: a health check over HTTP, fast enough to watch.
health() {
  [[ $1 == - ]] || cat <<YAML
    command: httpd -f -p $1 -h /www
    stop_signal: SIGKILL
    healthcheck:
      test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1:$1/"]
      interval: 1s
      timeout: 2s
      retries: 5
      start_period: 10s
YAML
}

service() {
  compose "$2" <<YAML
name: $DEMO-$1
services:
  $1:
    image: $BASE_IMAGE
    restart: unless-stopped
    environment:
      TZ: \${TZ}
      API_KEY: \${API_KEY}
$(health "$3")
YAML
}

gluetun() {
  compose gluetun <<YAML
name: $DEMO-gluetun
services:
  gluetun:
    image: $BASE_IMAGE
    container_name: $DEMO-gluetun
    restart: unless-stopped
$(health 8000)
YAML
}

# Shares the VPN container's network, as torrent clients do: when gluetun is replaced, they lose theirs.
behind_gluetun() {
  compose "$2" <<YAML
name: $DEMO-$1
services:
  $1:
    image: $BASE_IMAGE
    network_mode: container:$DEMO-gluetun
    restart: unless-stopped
$(health "$3")
YAML
}

# Several containers in one project, and a migration that runs once.
immich() {
  compose immich <<YAML
name: $DEMO-immich
services:
  server:
    image: $BASE_IMAGE
    restart: unless-stopped
    depends_on:
      database: { condition: service_healthy }
      migrate: { condition: service_completed_successfully }
$(health 2283)
  migrate:
    image: $BASE_IMAGE
    command: echo migrated
    restart: "no"
    depends_on:
      database: { condition: service_healthy }
  database:
    image: $BASE_IMAGE
    restart: unless-stopped
    volumes: [data:/data]
$(health 5432)
volumes:
  data:
YAML
}

ignore_file() {
  cat <<'TEXT'
# Secrets
.env
.env.local
services/**/.env
*.env
!*.env.example

# Nix
result
result-*
.direnv/

# Leavings
*.log
*.bak
*.backup
*~
.DS_Store
.homelab-demo
TEXT
}
