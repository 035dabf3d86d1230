import { describe, expect, test } from "bun:test";
import { checkSource } from "../../../../src/nix/lint/check.ts";

/** `rule line:column`, with `!` in front of errors. */
const found = (nix: string) =>
  checkSource("a.nix", nix).findings.map(
    ({ level, rule, at }) => `${level === "error" ? "!" : ""}${rule} ${at?.line}:${at?.column}`,
  );

type Case = [nix: string, want?: string];
const check = (name: string, cases: Case[]) =>
  describe(name, () => {
    test.each(cases.map(([nix, want]) => [nix, want === undefined ? [] : [want]] as const))(
      "%s",
      (nix, want) => {
        expect(found(nix)).toEqual([...want]);
      },
    );
  });

check("mkIf that decides nothing", [
  ["{ a = mkIf true { b = 1; }; }", "!mkif-true 1:7"],
  ["{ a = lib.mkIf true 1; }", "!mkif-true 1:11"],
  ["{ a = mkIf (true) 1; }", "!mkif-true 1:7"],
  ["{\n  config = lib.mkIf\n    true { };\n}", "!mkif-true 2:16"],
  ["{ a = mkIf cfg.enable 1; }"],
  ["{ a = mkIf false 1; }"],
  ["{ a = mkIf truest 1; }"],
  ["{ a = mkIf (true && x) 1; }"],
  ["# mkIf true\n{ a = 1; }"],
  ["/* mkIf true { } */ { }"],
  ['{ a = "mkIf true { }"; }'],
  ["{ a = ''\n  mkIf true { }\n''; }"],
  ['{ a = "${mkIf true 1}"; }', "!mkif-true 1:10"],
  ["{ mkIf = true; }"],
  ["{ inherit (lib) mkIf true; }"],
  ["mkIf: true"],
  ["{ a = mkIf; b = true; }"],
]);

check("mkIf for a value that is the condition", [
  ["{ a = mkIf cfg.enable true; }", "mkif-value 1:7"],
  ["{ a = lib.mkIf (a && b) true; }", "mkif-value 1:11"],
  ["{ a = mkMerge [ (mkIf x true) ]; }", "mkif-value 1:18"],
  ["{ a = mkIf cfg.enable false; }"],
  ["{ a = mkIf cfg.enable (mkForce true); }"],
  ["{ a = mkIf cfg.enable true.x; }"],
  ["{ a = mkIf cfg.enable { b = true; }; }"],
]);

check("conditions that are compared", [
  ["{ a = mkIf (x == true) { }; }", "mkif-comparison 1:15"],
  ["{ a = mkIf (x.y && false != z) { }; }", "mkif-comparison 1:26"],
  ['{ a = mkIf (x == "true") { }; }'],
  ["{ a = mkIf (f (x == true)) { }; }"],
  ["{ a = x == true; }"],
]);

check("services as root", [
  ['{ systemd.services.a.serviceConfig.User = "root"; }', "!run-as-root 1:3"],
  ['{ systemd.services.a = { serviceConfig = { Type = "simple"; User = "root"; }; }; }', "!run-as-root 1:61"],
  ['{ systemd.services.a.serviceConfig = mkIf x { User = lib.mkForce "root"; }; }', "!run-as-root 1:47"],
  [
    '{ systemd.services = listToAttrs [ { name = "a"; value.serviceConfig.User = "root"; } ]; }',
    "!run-as-root 1:50",
  ],
  ['{ serviceConfig = with lib; { User = "0"; }; }', "!run-as-root 1:31"],
  ["{ serviceConfig.User = 0; }", "!run-as-root 1:3"],
  ['{ serviceConfig.User = "www"; }'],
  ['{ User = "root"; }'],
  ['{ serviceConfig.environment.User = "root"; }'],
  ['{ serviceConfig = { ExecStart = "x"; }; User = "root"; }'],
  ['{ serviceConfig.User = if a then "root" else "b"; }', "run-as-root 1:3"],
  ['{ serviceConfig.User = mkDefault (if a then "b" else if c then "d" else "0"); }', "run-as-root 1:3"],
  ['{ serviceConfig.User = config.x.user or "root"; }', "run-as-root 1:3"],
  ['{ serviceConfig.User = let b = "x"; in if a then b else "root"; }', "run-as-root 1:3"],
  ['{ serviceConfig.User = if a == "root" then "b" else "c"; }'],
  ['{ serviceConfig.User = if (if a then "root" else "b") == c then "b" else "c"; }'],
  ['{ serviceConfig.User = f config.x.user or "root"; }'],
  ['{ # serviceConfig.User = "root";\n }'],
  ["{ text = ''serviceConfig.User = \"root\";''; }"],
]);

check("secrets that are read too early", [
  ["{ a = builtins.readFile /run/secrets/db; }", "!secret-read 1:16"],
  ['{ a = readFile "/run/agenix/db"; }', "!secret-read 1:7"],
  ['{ a = lib.fileContents "/run/secrets.d/1/db"; }', "!secret-read 1:11"],
  ["{ a = readFile ./secrets/db.txt; }", "!secret-read 1:7"],
  ["{ a = readFile ./db.age; }", "!secret-read 1:7"],
  ["{ a = builtins.fromJSON (builtins.readFile ./secrets.sops.json); }", "!secret-read 1:35"],
  ["{ a = lib.importJSON ./db.sops.yaml; }", "!secret-read 1:11"],
  ["{ a = readFile config.sops.secrets.db.path; }", "!secret-read 1:7"],
  ['{ a = readFile config.age.secrets."a b".path; }', "!secret-read 1:7"],
  ["{ a = readFile cfg.passwordFile; }", "secret-read 1:7"],
  ['{ a = readFile "${dir}/api-token"; }', "secret-read 1:7"],
  ['{ a = readFile (./. + "/password"); }', "secret-read 1:7"],
  ["{ a = readFile ./tls.key; }", "secret-read 1:7"],
  ["{ a = readFile ./privkey.pem; }", "secret-read 1:7"],
  ["{ a = readFile ./id_ed25519; }", "!secret-read 1:7"],
  ["{ a = readFile ./secrets/id_ed25519.pub; }"],
  ["{ a = readFile ./ca.pem; }"],
  ["{ a = readFile ./fullchain.pem; }"],
  ["{ a = readFile ./signing-key.pub.key; }"],
  ["{ a = readFile ./motd; }"],
  ["{ a = readFile ./.sops.yaml; }"],
  ["{ a = readFile ./secrets-backup.sh; }"],
  ['{ a = readFile config.sops.secrets."id_ed25519.pub".path; }'],
  ["{ a = readFile ./tokenizer.json; }"],
  ["{ a = readFile ./secretary.txt; }"],
  ["{ a = readFile f; b = ./secrets/x; }"],
  ["{ sops.secrets.db.sopsFile = ./secrets/db.sops.yaml; }"],
  ["{ passwordFile = config.sops.secrets.db.path; }"],
  ["{ inherit (builtins) readFile secretFile; }"],
  ["{ readFile = ./secrets/x; }"],
  ["# readFile ./secrets/x\n{ }"],
  ['{ a = builtins.getEnv "DB_PASSWORD"; }', "secret-read 1:16"],
  ['{ a = getEnv ("API_KEY"); }', "secret-read 1:7"],
  ['{ a = getEnv "GITHUB_TOKEN"; }', "secret-read 1:7"],
  ['{ a = getEnv "KEYBOARD"; }'],
  ['{ a = "DB_PASSWORD" |> builtins.getEnv; }', "secret-read 1:33"],
  ['{ a = getEnv "SSH_PUBLIC_KEY"; }'],
  ['{ a = getEnv "PUB_KEY"; }'],
  ['{ a = getEnv "PASSWORD_STORE_DIR"; }'],
  ['{ a = getEnv "TOKEN_FILE"; }'],
  ['{ a = getEnv "TOKENIZERS_PARALLELISM"; }'],
  ['{ a = getEnv "HOME"; }'],
  ["{ a = getEnv name; }"],
]);

check("secrets by another way of writing it", [
  ["{ a = ./secrets/a |> builtins.readFile; }", "!secret-read 1:31"],
  ["{ a = map f [ (./secrets/a |> readFile) ]; }", "!secret-read 1:31"],
  ["{ a = builtins.readFile <| ./secrets/a; }", "!secret-read 1:16"],
  ['{ a = readFile <| ./. + "/secrets/a"; }', "!secret-read 1:7"],
  ["{ a = (builtins.readFile) ./secrets/a; }", "!secret-read 1:17"],
  ["{ a = ((readFile)) ./secrets/a; }", "!secret-read 1:9"],
  ["{ a = map builtins.readFile [ ./a ./secrets/b ]; }", "!secret-read 1:20"],
  ["{ a = readFile (toString ./secrets/a); }", "!secret-read 1:7"],
  ['{ a = readFile (builtins.toPath "/run/secrets/a"); }', "!secret-read 1:7"],
  ["{ a = readFile (if c then ./a else ./secrets/b); }", "!secret-read 1:7"],
  ["{ a = readFile (x.y or ./secrets/b); }", "!secret-read 1:7"],
  ["{ a = readFile ./secrets/${name}.json; }", "!secret-read 1:7"],
  ['{ a = readFile (./secrets + "/a"); }', "!secret-read 1:7"],
  ['{ a = readFile "${./secrets}/a"; }', "!secret-read 1:7"],
  ['{ a = readFile "${(./secrets)}/${x}/a"; }', "!secret-read 1:7"],
  ["{ a = readFile config.sops.secrets.${name}.path; }", "!secret-read 1:7"],
  ['{ a = readFile "${config.age.secrets.b.path}"; }', "!secret-read 1:7"],
  ["{ a = ./motd |> builtins.readFile; }"],
  ["{ a = ./secrets/a |> f |> builtins.readFile; }"],
  ["{ b = ./secrets/a; a = ./motd |> builtins.readFile; }"],
  ["{ a = builtins.readFile <| f ./secrets/a; }"],
  ["{ a = (readFile); b = ./secrets/a; }"],
]);

check("what is only called like a secret", [
  ["{ a = readFile ./design-tokens.json; }", "secret-read 1:7"],
  ["{ a = readFile ./apt/docker.key; }", "secret-read 1:7"],
  ["{ a = readFile ./keys/docker-archive.gpg.key; }", "secret-read 1:7"],
  ["{ a = readFile ./nginx/private.conf; }", "secret-read 1:7"],
  ['{ a = readFile "${cfg.secretsDir}/a"; }', "secret-read 1:7"],
  ["{ a = readFile /etc/passwd; }"],
  ['{ a = readFile "/etc/group"; }'],
  ["{ a = readFile ./www/forgot-password.html; }"],
  ["{ a = readFile ./themes/tokens.css; }"],
  ["{ a = readFile ./secrets-example.json; }"],
  ["{ a = readFile ./secrets/bootstrap.sh; }"],
  ["{ a = readFile ./modules/secrets/README.md; }"],
  ['{ a = readFile "${pkgs.libsecret}/share/doc"; }'],
  ['{ a = readFile "${libsecret}/share/doc"; }'],
  ['{ a = readFile "${pkgs.pass-secret-service}/share/doc"; }'],
  ["{ a = readFile (if hasToken then ./a else ./b); }"],
  ['{ a = readFile "${if passwordless then ./a else ./b}"; }'],
  ["{ a = readFile cfg.passwordless; }"],
  ['{ a = readFile (pkgs.replaceVars ./a.sh { tokenFile = "/run/x"; }); }'],
  ['{ a = readFile (pkgs.replaceVars ./a.sh { tokenFile = "/run/secrets/x"; }); }'],
  ["{ a = readFile (pkgs.substituteAll { src = ./a; passwordFile = cfg.passwordFile; }); }"],
  ["{ a = readFile (substituteAll { passwordFile = cfg.passwordFile; }); }"],
  ["{ a = readFile cfg.tokenSigningPublicKeyFile; }"],
  ['{ a = readFile "${cfg.secretsDir}/ca.crt"; }'],
]);

check("doors that stand open", [
  ["{ networking.firewall.enable = false; }", "firewall-off 1:3"],
  ["{ networking = { firewall = { enable = lib.mkForce false; }; }; }", "firewall-off 1:31"],
  ["{ networking.firewall.enable = true; }"],
  ["{ services.firewall.enable = false; }"],
  ['{ services.openssh.settings.PermitRootLogin = "yes"; }', "ssh-root-login 1:3"],
  ['{ services.openssh = { permitRootLogin = "yes"; }; }', "ssh-root-login 1:24"],
  ['{ services.openssh.settings.PermitRootLogin = "prohibit-password"; }'],
]);

check("passwords in the configuration", [
  ['{ users.users.a.initialPassword = "x1"; }', "literal-password 1:3"],
  ['{ users.users.a = { hashedPassword = "$6$abc"; }; }', "literal-password 1:21"],
  ['{ users.users.root.password = "hunter2"; }', "literal-password 1:3"],
  ['{ users.users.root.hashedPassword = "!"; }'],
  ['{ users.users.root.hashedPassword = ""; }'],
  ["{ users.users.a.hashedPassword = x; }"],
  ['{ users.users.a.hashedPasswordFile = "/x"; }'],
  ['{ services.x.password = "@PASSWORD@"; }'],
]);

check("what is allowed", [
  ['{\n  # homelab: allow run-as-root: needs raw sockets\n  serviceConfig.User = "root";\n}'],
  ['{\n  serviceConfig.User = "root"; # homelab: allow run-as-root (backs up /root)\n}'],
  ['{\n  /* homelab: allow run-as-root it mounts */\n  serviceConfig.User = "root";\n}'],
  ['{\n  # homelab: allow mkif-true, run-as-root - for now\n  serviceConfig.User = "root";\n}'],
  ['{\n  # homelab: allow run-as-root: нужны сырые сокеты\n  serviceConfig.User = "root";\n}'],
  ['{\n  # homelab: allow run-as-root: 需要\n  serviceConfig.User = "root";\n}'],
  ['{\n  # homelab: allow run-as-root: ανάγκη\n  serviceConfig.User = "root";\n}'],
  ['{\n  /* homelab: allow run-as-root:\n     it mounts\n  */\n  serviceConfig.User = "root";\n}'],
  [
    '{\n  /* homelab: allow run-as-root: a */ /* homelab: allow mkif-true: b */\n  serviceConfig.User = "root";\n}',
  ],
  ['{\n  # homelab: allow run-as-root: —\n  serviceConfig.User = "root";\n}', "!run-as-root 3:3"],
  ['{\n  # homelab: allow run-as-root\n  serviceConfig.User = "root";\n}', "!run-as-root 3:3"],
  ['{\n  /* homelab: allow run-as-root */\n  serviceConfig.User = "root";\n}', "!run-as-root 3:3"],
  ['{\n  # homelab: allow mkif-true: other\n  serviceConfig.User = "root";\n}', "!run-as-root 3:3"],
  ['{\n  # homelab: allow run-as-root: too far\n\n  serviceConfig.User = "root";\n}', "!run-as-root 4:3"],
  [
    '{\n  a = "# homelab: allow run-as-root: in a string";\n  serviceConfig.User = "root";\n}',
    "!run-as-root 3:3",
  ],
]);

test("no text of a finding has the password, and its line is not to be shown", () => {
  const nix =
    '{\n  users.users.a.password = "hunter2";\n  users.users.b.hashedPassword = "$6$salt$hash";\n}\n';
  const { findings, secretLines } = checkSource("a.nix", nix);
  expect(findings).toHaveLength(2);
  expect(JSON.stringify(findings)).not.toMatch(/hunter2|salt/);
  expect([...secretLines]).toEqual([2, 3]);
});

test("a line with a password is not to be shown even where the password is allowed", () => {
  const nix = '{ users.users.a.password = "hunter2"; } # homelab: allow literal-password: a test machine\n';
  const { findings, secretLines } = checkSource("a.nix", nix);
  expect(findings).toEqual([]);
  expect([...secretLines]).toEqual([1]);
});

test.each<[nix: string, hidden: number[]]>([
  ['{\n  environment.DB_PASSWORD = lib.mkIf true "hunter2";\n}', [2]],
  ['{\n  environment."API_KEY" = lib.mkIf true "hunter2";\n}', [2]],
  ['{ users.users.a.initialPassword =\n  lib.mkIf (x == true) "hunter2";\n}', [1, 2]],
  ["{\n  a.token = lib.mkIf true ''\n    hunter2\n    ${x}\n  '';\n}", [2, 3, 4, 5]],
  ['{\n  a = builtins.readFile (pkgs.writeText "c" "password=hunter2");\n}', [2]],
  [
    "{\n  a = builtins.readFile (pkgs.runCommand \"m\" { }\n    ''curl -H \"Authorization: token hunter2\"'');\n}",
    [3],
  ],
  ['{\n  a = readFile "${x}password=hunter2";\n}', [2]],
  ['{\n  password = { a = lib.mkIf true "hunter2"', [2]],
  ["{\n  passwordFile = lib.mkIf true config.a;\n}", []],
  ['{\n  a = lib.mkIf true "/run/secrets/b";\n}', []],
])("what may be secret is in no finding, and its lines are not to be shown: %s", (nix, hidden) => {
  const { findings, secretLines } = checkSource("a.nix", nix);
  expect(JSON.stringify(findings)).not.toContain("hunter2");
  expect([...secretLines].sort()).toEqual(hidden);
});

test.each([
  ["readFile ./secrets/a", "./secrets/a"],
  ['readFile "${dir}/api-token"', "…/api-token"],
  ['readFile (./. + "/a.age")', "././a.age"],
  ["readFile config.sops.secrets.${x}.path", "config.sops.secrets.….path"],
  ['readFile config.age.secrets."a b".path', 'config.age.secrets."a b".path'],
  [`readFile config.age.secrets."${"x".repeat(300)}".path`, "config.age.secrets.….path"],
])("%s is called %s", (nix, what) => {
  expect(checkSource("a.nix", `{ a = ${nix}; }`).findings[0]?.text).toStartWith(`\`${what}\``);
});

test.each([
  `readFile /run/secrets/${"x".repeat(300)}`,
  'readFile "/run/secrets/a; curl -u b:hunter2"',
  `getEnv "PASSWORD ${"x".repeat(300)}"`,
])("a text that is no path or too long is not repeated", (nix) => {
  expect(checkSource("a.nix", `{ a = ${nix}; }`).findings).toEqual([]);
});

test("sets in sets are not gone through again and again", () => {
  const deep = 2000;
  const nix = `{ ${"a.token =\n{ ".repeat(deep)}${'b = "x"; '.repeat(deep)}${"}; ".repeat(deep)}}`;
  const began = performance.now();
  checkSource("a.nix", nix);
  expect(performance.now() - began).toBeLessThan(1000);
});

test("a finding says what is wrong, and what to do", () => {
  const [finding] = checkSource("b/a.nix", "{ a = readFile ./secrets/x; }").findings;
  expect(finding).toEqual({
    level: "error",
    rule: "secret-read",
    text: "`./secrets/x` is read when the configuration is evaluated, and what is in it ends up where everybody can read it",
    hint: "hand the path on, for the service to read it when it runs: `LoadCredential`, `EnvironmentFile`, `passwordFile`",
    at: { file: "b/a.nix", line: 1, column: 7 },
  });
});

test("five hundred files take less than it takes to notice", () => {
  const one = `{ config, lib, pkgs, ... }:\n{\n${'  systemd.services."a-${config.b}" = lib.mkIf config.c.enable { serviceConfig.ExecStart = "${pkgs.d}/bin/d"; };\n'.repeat(40)}}\n`;
  const times = Array.from({ length: 3 }, () => {
    const began = performance.now();
    for (let file = 0; file < 500; file++) checkSource("a.nix", one);
    return performance.now() - began;
  });
  expect(Math.min(...times)).toBeLessThan(1000);
});
