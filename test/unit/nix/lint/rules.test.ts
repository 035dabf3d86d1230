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
  ['{ serviceConfig.User = if a then "root" else "b"; }'],
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
  ["{ a = readFile cfg.passwordFile; }", "!secret-read 1:7"],
  ['{ a = readFile "${dir}/api-token"; }', "!secret-read 1:7"],
  ['{ a = readFile (./. + "/password"); }', "!secret-read 1:7"],
  ["{ a = readFile ./tls.key; }", "!secret-read 1:7"],
  ["{ a = readFile ./privkey.pem; }", "!secret-read 1:7"],
  ["{ a = readFile ./id_ed25519; }", "!secret-read 1:7"],
  ["{ a = readFile ./secrets/id_ed25519.pub; }"],
  ["{ a = readFile ./ca.pem; }"],
  ["{ a = readFile ./fullchain.pem; }"],
  ["{ a = readFile ./signing-key.pub.key; }"],
  ["{ a = readFile ./motd; }"],
  ["{ a = readFile ./.sops.yaml; }"],
  ["{ a = readFile ./secrets-backup.sh; }"],
  ["{ a = readFile ./secrets/deploy.sh; }", "!secret-read 1:7"],
  ['{ a = readFile config.sops.secrets."id_ed25519.pub".path; }'],
  ["{ a = readFile ./tokenizer.json; }"],
  ["{ a = readFile ./secretary.txt; }"],
  ["{ a = readFile f; b = ./secrets/x; }"],
  ["{ sops.secrets.db.sopsFile = ./secrets/db.sops.yaml; }"],
  ["{ passwordFile = config.sops.secrets.db.path; }"],
  ["{ inherit (builtins) readFile secretFile; }"],
  ["{ readFile = ./secrets/x; }"],
  ["# readFile ./secrets/x\n{ }"],
  ['{ a = builtins.getEnv "DB_PASSWORD"; }', "!secret-read 1:16"],
  ['{ a = getEnv ("API_KEY"); }', "!secret-read 1:7"],
  ['{ a = getEnv "GITHUB_TOKEN"; }', "!secret-read 1:7"],
  ['{ a = getEnv "KEYBOARD"; }'],
  ['{ a = getEnv "HOME"; }'],
  ["{ a = getEnv name; }"],
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
