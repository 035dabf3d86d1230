import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CHECKOUT } from "../paths.ts";

const read = (path: string): string => readFileSync(join(CHECKOUT, path), "utf8");

/** Recipe files that use every key. */
const EVERY_RECIPE = `include: [builtin:infrastructure]
services:
  db: &base
    description: The database
    rollback: never
    ready: { tcp: "127.0.0.1:5432", within: 1h30m, stable: 500ms }
  app:
    <<: *base
    dir: services/stack/app
    project: my_app
    needs: [db, { name: gluetun, when: started }]
    after: [other]
    ready: { http: "http://127.0.0.1:80/health", command: [curl, -f, x] }
    mounts: [/mnt/media]
  other: {}
  third:
units:
  nginx: { unit: nginx.service, needs: [app], ready: { command: systemctl is-active nginx } }
microvms:
  vm: { address: 10.0.0.2, user: admin, host: box, needs: [nginx] }
hosts:
  box: { address: box.lan, user: admin, stage: production, critical: [sshd.service] }
tasks:
  save:
    description: Save
    params: [target, other]
    confirm: Save to {{target}}?
    needs: [app]
    run: ['echo "$target"', 'true']
    finally: echo done
groups:
  stack: [app, db]
`;

/** A compose file that names files in every way. */
const EVERY_COMPOSE = `name: \${NAME:-stack}
include:
  - more.yml
  - { path: [more.yml], env_file: [.env] }
x-base: &base
  restart: unless-stopped
  logging: { driver: "json-file", options: { max-size: "\${SIZE:-10m}" } }
services:
  app:
    <<: *base
    image: "registry.example/app:\${TAG:-latest}"
    env_file: [app.env, { path: more.env, required: false }]
    environment: { TOKEN: "\${TOKEN:?set it}", PLAIN: $$x, OTHER: "\${OTHER-}" }
    label_file: labels
    configs: [{ source: conf, target: /conf }]
    secrets: [pass]
    ports: ["127.0.0.1:\${PORT:-8080}:80", { target: 81, published: "82" }]
    deploy: { replicas: 2 }
    depends_on: { db: { condition: service_healthy } }
    healthcheck: { test: [CMD, "true"], interval: 1s }
  db:
    extends: { file: more.yml, service: base }
    build: .
    scale: "\${COUNT:-1}"
    pull_policy: never
    network_mode: "container:gluetun"
  extra: { image: x, profiles: [extra] }
configs: { conf: { file: ./conf.txt } }
secrets: { pass: { file: ./pass.txt }, env: { environment: TOKEN } }
volumes: { data: }
networks: { out: { external: true, name: "\${NET:-net}" } }
`;

const catalogue = (name: string): string[] =>
  readdirSync(join(CHECKOUT, "recipes/catalogue"))
    .sort()
    .flatMap((entry) => readdirSync(join(CHECKOUT, "recipes/catalogue", entry)).map((file) => [entry, file]))
    .filter(([, file]) => file?.endsWith(name))
    .map(([entry, file]) => read(`recipes/catalogue/${entry}/${file}`));

/** Valid files to begin with. */
export const RECIPES = [
  EVERY_RECIPE,
  ...["infrastructure", "media", "monitoring", "selfhosting"].map((name) => read(`recipes/${name}.yml`)),
];
export const COMPOSE_FILES = [EVERY_COMPOSE, EVERY_COMPOSE, ...catalogue("compose.yml")];
export const ENV_FILES = catalogue(".env.example");
export const JUSTFILES = [read("test/fixtures/seed.justfile")];

/** What a compose file beside it may include. */
export const MORE_COMPOSE = "services:\n  base: { image: b, env_file: base.env }\n  side: { image: s }\n";
