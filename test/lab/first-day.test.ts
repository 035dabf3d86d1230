import { expect, test } from "bun:test";
import { hypervisor } from "../helpers/hypervisor.ts";
import { BINARY } from "../helpers/paths.ts";

/** The way from a plain server to one that looks after itself, in an admin's words; HOMELAB is his repository's place. */
const WORDS = [
  "sudo homelab -C HOMELAB setup file://UPSTREAM --yes",
  "cd HOMELAB && homelab env init",
  "cd HOMELAB && homelab env check",
  "cd HOMELAB && homelab validate",
  "cd HOMELAB && homelab plan all",
  "cd HOMELAB && homelab ensure all",
  "cd HOMELAB && homelab status",
  "cd HOMELAB && sudo homelab timers install --yes",
  "cd HOMELAB && homelab timers status",
  "sudo systemctl start homelab-deploy homelab-boot",
  "cd HOMELAB && homelab doctor",
];

test("a server's first ten minutes, as the README tells them", async () => {
  await using host = await hypervisor({ docker: true, name: "first-day" });
  const { lab } = host;
  const [root, upstream] = [`${lab.top}/opt`, `${lab.top}/upstream`];
  const by = async (user: string, line: string) => {
    const { code, stdout, stderr } = await host.ask("su", "-l", user, "-c", line);
    return { line, code, said: code === 0 ? "" : stdout + stderr };
  };
  lab.write({
    "../upstream/services/web~/compose.yml":
      "services: { web: { image: 'homelab-lab/base:1', network_mode: none, environment: { KEY: '${KEY}' } } }",
    "../upstream/services/web~/.env.example": "KEY=value\n",
    "../upstream/.gitignore": ".env\n",
  });
  for (const line of [
    "groupadd -og $(stat -c %g /run/docker.sock) docker",
    `git -C ${upstream} init -q && git -C ${upstream} add -A && git -C ${upstream} commit -qm Begin`,
    `install -m 755 ${BINARY} /usr/local/bin/homelab`,
  ]) {
    expect(await by("root", line)).toMatchObject({ code: 0, said: "" });
  }
  for (const words of WORDS) {
    const line = words.replaceAll("HOMELAB", root).replaceAll("UPSTREAM", upstream);
    expect(await by("admin", line)).toEqual({ line, code: 0, said: "" });
  }
  const made = await lab.docker("ps", "--format", "{{.Names}}", "--filter", `name=${lab.own("web~")}`);
  expect(lab.shared(made)).toBe("web~-web-1\n");
});
