import { app, health } from "./compose.ts";

/** A homelab with a chain of needs, a group, and a directory that no recipe names. */
export const FRONT = {
  "homelab.yml": `
services:
  db~: { description: The database }
  web~: { needs: [db~] }
  cache~: {}
  proxy~: { needs: [web~, { name: cache~, when: started }] }
groups:
  front~: [proxy~, web~]
`,
  "services/db~/compose.yml": app(health("test ! -e /tmp/sick && echo fine || { echo too sick; exit 1; }")),
  "services/web~/compose.yml": app(),
  "services/cache~/compose.yml": app(),
  "services/proxy~/compose.yml": app(),
  "services/extra~/compose.yml": app(),
};
