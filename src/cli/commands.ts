import type { Command } from "./command.ts";
import type { HostVerbName } from "./host-verb.ts";

export interface CommandEntry {
  readonly summary: string;
  readonly load: () => Promise<{ default: Command }>;
  /** `<verb>-<target>` is the same as `<verb> <target>`. */
  readonly verb?: boolean;
  /** It changes things: when nobody watches and it cannot even begin, that is told like a failed step. */
  readonly runs?: boolean;
  /** What many Justfiles have had as a recipe: a task of this name comes first, where the recipes have one. */
  readonly yields?: boolean;
}

/** A verb of `host` as a command of its own. */
const hostVerb = (name: HostVerbName, summary: string, more: Partial<CommandEntry> = {}): CommandEntry => ({
  summary,
  load: async () => ({ default: (await import("./host-verb.ts")).hostVerb(name) }),
  yields: true,
  ...more,
});

const entries: Record<string, CommandEntry> = {
  list: { summary: "recipes by group, one line each", load: () => import("./list.ts") },
  ensure: {
    summary: "bring targets and all that they need to ready",
    load: () => import("./ensure.ts"),
    verb: true,
    runs: true,
  },
  deploy: {
    summary: "pull the repository, update the system, bring targets up",
    load: () => import("./deploy.ts"),
    verb: true,
    runs: true,
  },
  "update-services": {
    summary: "pull the repository, bring all services up",
    load: () => import("./update-services.ts"),
    runs: true,
  },
  "update-system": {
    summary: "pull the repository, switch NixOS to it",
    load: () => import("./update-system.ts"),
    runs: true,
  },
  "pull-images": {
    summary: "get newer images of all services",
    load: () => import("./pull-images.ts"),
    runs: true,
  },
  cleanup: {
    summary: "remove images that nothing needs",
    load: () => import("./cleanup.ts"),
    runs: true,
  },
  stop: {
    summary: "stop targets, what needs them first",
    load: () => import("./stop.ts"),
    verb: true,
    runs: true,
  },
  restart: {
    summary: "stop targets and bring them to ready again",
    load: () => import("./restart.ts"),
    verb: true,
    runs: true,
  },
  rollback: {
    summary: "put targets back to an earlier release",
    load: () => import("./rollback.ts"),
    verb: true,
    runs: true,
  },
  logs: {
    summary: "what targets say, as they say it",
    load: () => import("./logs.ts"),
    verb: true,
  },
  vm: { summary: "MicroVMs: list, update, restart, log in, find faults", load: () => import("./vm.ts") },
  host: { summary: "NixOS hosts: list, look after them, log in", load: () => import("./host.ts") },
  update: {
    summary: "newer inputs of the flake: preview them, take them, deploy them",
    load: () => import("./update.ts"),
    runs: true,
    yields: true,
  },
  build: hostVerb("build", "build the systems of hosts: `host build`"),
  diff: hostVerb("diff", "what deploying a host would change: `host diff`"),
  "dry-activate": hostVerb("dry-activate", "what a host's activation would do: `host dry-activate`"),
  test: hostVerb("test", "a new system until the host reboots: `host test`", { runs: true }),
  "deploy-debug": {
    summary: "deploy hosts, and write all that is said to a file",
    load: () => import("./deploy-debug.ts"),
    runs: true,
    yields: true,
  },
  gc: {
    summary: "remove old generations and what only they needed from Nix stores",
    load: () => import("./gc.ts"),
    runs: true,
    yields: true,
  },
  exec: { summary: "run a command in a container of a service", load: () => import("./exec.ts") },
  init: { summary: "make a new homelab", load: () => import("./init.ts") },
  add: { summary: "add services from the catalogue, with what they need", load: () => import("./add.ts") },
  setup: { summary: "set a server up, once", load: () => import("./setup.ts") },
  timers: {
    summary: "let systemd deploy regularly, and bring services up at boot",
    load: () => import("./timers.ts"),
  },
  import: { summary: "make recipes from a Justfile", load: () => import("./import.ts") },
  env: {
    summary: "check `.env` files against their templates, or make them",
    load: () => import("./env.ts"),
  },
  plan: { summary: "what ensure would do, and why", load: () => import("./plan.ts"), verb: true },
  status: { summary: "what is ready, and what is not", load: () => import("./status.ts"), verb: true },
  why: {
    summary: "why a target is not ready, down to the cause",
    load: () => import("./why.ts"),
    verb: true,
  },
  graph: { summary: "what needs what", load: () => import("./graph.ts"), verb: true },
  validate: { summary: "check recipes and compose files", load: () => import("./validate.ts"), verb: true },
  fmt: { summary: "format Nix code", load: () => import("./fmt.ts"), yields: true },
  lint: {
    summary: "check Nix files: syntax, and what had better not be deployed",
    load: () => import("./lint.ts"),
    yields: true,
  },
  "flake-check": {
    summary: "let Nix check the flake",
    load: () => import("./flake-check.ts"),
    yields: true,
  },
  "pre-commit-run": {
    summary: "all that is checked before a commit: fmt, lint, flake-check",
    load: () => import("./pre-commit-run.ts"),
    yields: true,
  },
  history: { summary: "what was done, and when", load: () => import("./history.ts"), verb: true },
  report: { summary: "one run: what changed, what failed, and why", load: () => import("./report.ts") },
  notify: { summary: "try out the notifications", load: () => import("./notify.ts") },
  lock: { summary: "who is at work", load: () => import("./lock.ts") },
  completions: {
    summary: "completion script for bash, zsh or fish",
    load: () => import("./completions.ts"),
  },
  doctor: { summary: "check this machine and this homelab", load: () => import("./doctor.ts") },
  schema: { summary: "JSON Schema of the recipe files, for editors", load: () => import("./schema.ts") },
  man: { summary: "the manual page", load: () => import("./man.ts") },
  help: { summary: "explain a command or a topic", load: () => import("./help.ts") },
};

/** All commands, without a prototype: `toString` is no command. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = Object.assign(Object.create(null), entries);
