import { CATALOGUE } from "./files.ts";

/** A service as the catalogue has it: one directory. */
export interface CatalogueEntry {
  /** The recipe's name. */
  readonly name: string;
  /** Relative to the root. */
  readonly dir: string;
  /** Contents by file name. */
  readonly files: Readonly<Record<string, string>>;
}

/** All services of the catalogue by recipe name; a family has one for each of its instances. */
export function catalogueEntries(): Map<string, CatalogueEntry> {
  const entries = Object.entries(CATALOGUE).flatMap(([family, { compose, readme, env }]) =>
    Object.entries(env).map(([instance, example]): CatalogueEntry => {
      const name = instance === "" ? family : `${family}-${instance}`;
      const dir = instance === "" ? `services/${family}` : `services/${family}/${instance}`;
      return { name, dir, files: { "compose.yml": compose, ".env.example": example, "README.md": readme } };
    }),
  );
  return new Map(entries.map((entry) => [entry.name, entry]));
}

/** What git is to leave alone in a homelab: what is built, what is local, and what is secret. */
export const GITIGNORE = `# Nix/NixOS
result
result-*
.direnv/

# Flakes (keeping flake.lock in version control for reproducibility)

# Temporary files
*~
*.tmp
*.temp

# Log files
*.log

# OS-specific
.DS_Store
Thumbs.db

# Editor files
.vscode/
.idea/
*.swp
*.swo

# Local environment files
.env
.env.local

# Environment files with secrets
services/**/.env
*.env

# But allow example files
!*.env.example

# Backup files
*.backup
*.bak

# Network testing output (keep directory structure, ignore contents)
network-testing/*.log
network-testing/bond0

# Documentation artifacts
*.pdf

# Written by \`homelab schema\`
.homelab.schema.json
`;

/** The first recipe file of a new homelab: the shipped recipes, and where one's own go. */
export const HOMELAB_YML = `# yaml-language-server: $schema=.homelab.schema.json
# Written by \`homelab schema > .homelab.schema.json\`; \`homelab help recipes\` explains the keys.
include: [builtin:infrastructure, builtin:media, builtin:monitoring, builtin:selfhosting]

# Services of your own, or more about those above:
# services:
#   whoami:
#     needs: [gluetun]
#     ready: { http: http://127.0.0.1:8081/, within: 2m }
`;

export const README = `# Homelab

The services of this server, one directory each under \`services/\`, run by \`homelab\`.

\`\`\`sh
homelab add plex            # a service from the catalogue, with what it needs
homelab env init            # .env from .env.example, then fill in what it names
homelab ensure all          # bring everything up, in the order of its needs
homelab status
\`\`\`

\`.env\` files hold secrets and are never committed.
`;
