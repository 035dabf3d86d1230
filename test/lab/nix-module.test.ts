import { afterAll, beforeAll, expect, test } from "bun:test";
import { eventually } from "../helpers/eventually.ts";
import { type NixServer, nixServer } from "../helpers/nix-server.ts";

const web = (version: string) =>
  `services: { web: { image: 'homelab-lab/base:1', network_mode: none, environment: { VERSION: '${version}' } } }`;
const IDLE = "services: { app: { image: 'homelab-lab/base:1', network_mode: none } }";

let server: NixServer;
beforeAll(async () => {
  server = await nixServer({
    "homelab.yml": "tasks: { hold: { run: ['touch ../held; while [ ! -e ../go ]; do sleep 0.1; done'] } }",
    "services/web~/compose.yml": web("1"),
    "services/sonarr~/shows/compose.yml": IDLE,
    "services/sonarr~/anime/docker-compose.yaml": IDLE,
    "services/sonarr~/README.md": "no service\n",
    "services/notes~/README.md": "no service\n",
  });
  const { host } = server.nix;
  await host.write("/root/notify.env", "WEBHOOK_URL=http://127.0.0.1:8901/\nWEBHOOK_TOKEN=open-sesame\n");
  await host.run("chmod", "600", "/root/notify.env");
}, 120_000);
afterAll(() => server?.[Symbol.asyncDispose]());

const SETTINGS = `
  lockWait = "1s";
  notifyFile = "/root/notify.env";
  services = ../services;
  deployments.nightly = { schedule = "*:*:0/4"; randomizedDelay = "0"; };`;
const NIGHTLY = "homelab-deploy-nightly";

const until = (unit: string, state: string) =>
  eventually(
    `${unit} is ${state}`,
    async () => (await server.show(unit, "ActiveState"))[0] === `ActiveState=${state}`,
  );

/** The variable of the container that runs. */
async function version(): Promise<string> {
  const made = (await server.lab.containers()).find(({ dir }) => dir === "services/web~");
  if (!made) return "";
  // Between the two questions it may be replaced.
  const words = ["inspect", "--format", "{{json .Config.Env}}", made.id];
  const said = await server.lab.docker(...words).catch(() => "");
  return /VERSION=(\d)/.exec(said)?.[1] ?? "";
}

test.each([
  ["root", ["user root, groups root docker", "/var/lib/services"]],
  ["homelab", ["user homelab, groups homelab docker"]],
])(
  "run by %s: at boot services come up, and the timer deploys",
  async (user, [identity = "", ...more]) => {
    const { lab, nix, push, become, show, reach } = server;
    await push({ "services/web~/compose.yml": web("1") });
    await become(user, SETTINGS);

    await nix.host.run("systemctl", "start", "multi-user.target");
    await until("homelab-boot", "active");
    expect(await show("homelab-boot", "Result", "User")).toEqual(["Result=success", `User=${user}`]);
    expect(await lab.statuses()).toEqual({
      "services/sonarr~/anime:app": "running",
      "services/sonarr~/shows:app": "running",
      "services/web~:web": "running",
    });
    expect(await version()).toBe("1");

    await push({ "services/web~/compose.yml": web("2") });
    await eventually("the timer has deployed", async () => (await version()) === "2");
    await nix.host.run("systemctl", "stop", `${NIGHTLY}.timer`);
    await until(NIGHTLY, "inactive");
    expect(await show(NIGHTLY, "Result", "User")).toEqual(["Result=success", `User=${user}`]);

    const own = ["<root>", "/var/lib/homelab", "/var/cache/homelab", "/tmp", ...more];
    expect(await reach("homelab-boot")).toEqual([
      identity,
      ...own.map((dir) => `writes to ${dir}`),
      "talks to docker",
    ]);
  },
  60_000,
);

test("a start while another run has the lock is no failure, and neither is a second start", async () => {
  const { lab, nix, show } = server;
  const hold = lab.start("hold");
  await eventually(
    "the lock is held",
    async () => (await nix.host.ask("test", "-e", `${lab.top}/held`)).code === 0,
  );
  await nix.host.run("systemctl", "start", "--no-block", NIGHTLY);
  await nix.host.run("systemctl", "start", NIGHTLY);
  expect(await show(NIGHTLY, "Result", "ExecMainStatus")).toEqual(["ExecMainStatus=75", "Result=success"]);
  lab.write({ "../go": "" });
  expect(await hold.ended).toMatchObject({ code: 0 });
});

test("`timers status` tells of the module's units", async () => {
  const { code, document } = await server.lab.json("timers", "status");
  const units = document.units as { unit: string; state: string; result: string }[];
  expect(units.map(({ unit, state, result }) => [unit, state, result])).toEqual([
    [`${NIGHTLY}.timer`, "enabled", "success"],
    // Its timer is what is enabled.
    ["homelab-boot.service", "static", "success"],
  ]);
  expect(code).toBe(0);
});

test("a failure is told with the secret that only root can read", async () => {
  const { nix, push, show, inbox } = server;
  await push({ "services/web~/compose.yml": web("1").replace("base:1", "none:1") });
  expect((await nix.host.ask("systemctl", "start", NIGHTLY)).code).toBe(1);
  expect(await show(NIGHTLY, "Result", "ExecMainStatus")).toEqual(["ExecMainStatus=1", "Result=exit-code"]);
  expect(await inbox()).toMatch(/^authorization: Bearer open-sesame\r?$/im);
  // Without the file nobody is told, and the deployment runs all the same.
  await nix.host.run("mv", "/root/notify.env", "/root/notify.away");
  expect((await nix.host.ask("systemctl", "start", NIGHTLY)).code).toBe(1);
  expect(await show(NIGHTLY, "Result", "ExecMainStatus")).toEqual(["ExecMainStatus=1", "Result=exit-code"]);
  await nix.host.run("mv", "/root/notify.away", "/root/notify.env");
});

test("services have users, groups and directories of their own, as the program finds them", async () => {
  const { lab, nix } = server;
  const { document } = await lab.json("list");
  const recipes = document.recipes as { dir?: string }[];
  const dirs = recipes.flatMap(({ dir }) => dir?.slice("services/".length) ?? []).sort();
  expect(dirs).toEqual(["sonarr~/anime", "sonarr~/shows", "web~"]);
  for (const dir of dirs) {
    const [user = ""] = dir.split("/");
    const said = await nix.host.run("stat", "--format=%U %G %a", lab.own(`/var/lib/services/${dir}`));
    expect(lab.shared(said)).toBe(`${user} ${user} 750\n`);
    expect(lab.shared(await nix.host.run("getent", "passwd", lab.own(user)))).toMatch(
      new RegExp(`^${user}:x:\\d+:\\d+:${user} of the homelab:/var/lib/services/${user}:`),
    );
  }
  expect((await nix.host.ask("getent", "passwd", lab.own("notes~"))).code).toBe(2);
  // What a container writes to as somebody else stays that one's, at every boot and switch.
  const data = lab.own("/var/lib/services/web~");
  await nix.host.run("chown", "1000:1000", data);
  await nix.host.run("systemd-tmpfiles", "--create", "/etc/tmpfiles.d/homelab.conf");
  expect(await nix.host.run("stat", "--format=%u %g %a", data)).toBe("1000 1000 750\n");
});

test("its units are what systemd understands", async () => {
  const units = ["homelab-boot.service", "homelab-boot.timer", `${NIGHTLY}.service`, `${NIGHTLY}.timer`];
  const { code, stderr } = await server.nix.host.ask(
    "systemd-analyze",
    "verify",
    "--recursive-errors=no",
    ...units,
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { stdout } = await server.nix.host.ask(
    "systemd-analyze",
    "security",
    "--no-pager",
    "homelab-boot.service",
  );
  expect(Number(/level for \S+: ([\d.]+)/.exec(stdout)?.[1])).toBeLessThan(4);
});

const ON = "virtualisation.docker.enable = true;";
test.each([
  ["", "services.homelab needs Docker: set virtualisation.docker.enable = true, or"],
  [
    `${ON} services.homelab.root = ./.;`,
    'It has to be the absolute path of the clone on the server, such as "/opt/homelab"',
  ],
  [
    `${ON} services.homelab.root = "homelab";`,
    "services.homelab.root is `homelab`. It has to be the absolute path",
  ],
  [`${ON} services.homelab.notifyFile = ./notify.env;`, "what is in the store can be read by everybody"],
  [
    `${ON} services.homelab.user = "admin";`,
    "services.homelab.user is `admin`, and there is no users.users.admin",
  ],
  [`${ON} services.homelab.deployments.Media = {};`, "deployments: `Media` cannot be part of a unit's name"],
  [
    `${ON} services.homelab = { user = "homelab"; deployments.all.system = true; };`,
    "deployments.all.system switches the system, which only root can",
  ],
  [
    `${ON} services.homelab.services = ./taken;`,
    "services.homelab.services: `docker` is a user or group of the system",
  ],
  [
    `${ON} services.homelab.services = ./odd;`,
    "services.homelab.services: `My_App` cannot be the name of a service",
  ],
  [`${ON} services.homelab.schedul = "";`, "option `services.homelab.schedul' does not exist"],
  [
    `${ON} services.homelab.deployments.all.targets = ["--force"];`,
    "option `services.homelab.deployments.all.targets.*' is not of type `string matching",
  ],
])("wrong settings are refused: %s", async (settings, said) => {
  const { host, flake } = server.nix;
  const dir = "/root/wrong";
  await host.write(`${dir}/taken/docker/compose.yml`, IDLE);
  await host.write(`${dir}/odd/My_App/compose.yml`, IDLE);
  const text = `{ imports = [{ services.homelab.enable = true; }]; config = { ${settings} }; }`;
  await host.write(`${dir}/configuration.nix`, text);
  const system = `let flake = builtins.getFlake "${flake}"; in (flake.inputs.nixpkgs.lib.nixosSystem {
    modules = [flake.nixosModules.default (builtins.path { path = ${dir}; name = "server"; } + "/configuration.nix")];
  }).config.system.build.toplevel.drvPath`;
  const { code, stderr } = await host.ask("nix", "eval", "--impure", "--expr", system);
  expect(stderr).toContain(said);
  expect(code).toBe(1);
});
