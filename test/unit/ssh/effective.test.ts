import { expect, test } from "bun:test";
import { parseEffective } from "../../../src/ssh/effective.ts";
import { acceptedKey } from "../../../src/ssh/trouble.ts";

/** Of `ssh -G` (10.0p2), and much left out. */
const SAID = `host web
user admin
hostname 192.168.1.10
port 2222
hashknownhosts yes
proxyusefdpass no
globalknownhostsfile /etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2
userknownhostsfile /root/.ssh/known_hosts /root/.ssh/known_hosts2
`;

test("what ssh itself would do", () => {
  expect(parseEffective(SAID)).toEqual({
    ...{ host: "192.168.1.10", port: 2222, user: "admin", alias: undefined, hashed: true, through: false },
    known: ["/root/.ssh/known_hosts", "/root/.ssh/known_hosts2"],
    knownGlobally: ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"],
  });
  const more = "hostkeyalias web\nuserknownhostsfile none\nproxyjump bastion\n";
  expect(parseEffective(more)).toMatchObject({ alias: "web", known: [], through: true, port: 22 });
  expect(parseEffective("proxycommand nc %h\n").through).toBe(true);
  expect(parseEffective("proxyjump none\nproxycommand none\n").through).toBe(false);
});

test("which key let us in, as the log of level DEBUG1 has it", () => {
  const log = `debug1: Offering public key: /root/.ssh/k ED25519 SHA256:sBXLcLIICVA6R2ZOOmcr8PTibwWSX1BhcI3ZRru3jek explicit
debug1: Server accepts key: /root/.ssh/k ED25519 SHA256:sBXLcLIICVA6R2ZOOmcr8PTibwWSX1BhcI3ZRru3jek explicit
Authenticated to 127.0.0.1 ([127.0.0.1]:2222) using "publickey".
`;
  expect(acceptedKey(log)).toBe("SHA256:sBXLcLIICVA6R2ZOOmcr8PTibwWSX1BhcI3ZRru3jek");
  expect(acceptedKey(log.replaceAll("accepts", "refuses"))).toBeUndefined();
});
