import { expect, test } from "bun:test";
import { connectionLost, endOf, type Peer, sshTrouble } from "../../../src/ssh/trouble.ts";

const plain: Peer = { name: "p620", to: { address: "p620" } };
const full: Peer = { name: "p620", to: { user: "admin", address: "10.0.0.2", port: 2222 }, identity: "/k" };
const guest: Peer = { name: "vm1", to: { user: "admin", address: "10.1.0.2" }, through: "p620" };
const serves = "see that it runs, that sshd runs on it, and that no firewall is in between: ";

/** What OpenSSH 9.2 says. */
const CHANGED = `@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Someone could be eavesdropping on you right now (man-in-the-middle attack)!
It is also possible that a host key has just been changed.
The fingerprint for the ED25519 key sent by the remote host is
SHA256:odl7pmKw3zRaS19cj2ds+sOX7lMSXZO7mdC3cxuNdLU.
Please contact your system administrator.
Add correct host key in /home/me/.ssh/known_hosts to get rid of this message.
Offending ED25519 key in /home/me/.ssh/known_hosts:12
  remove with:
  ssh-keygen -f "/home/me/.ssh/known_hosts" -R "[10.0.0.2]:2222"
Host key for [10.0.0.2]:2222 has changed and you have requested strict checking.
Host key verification failed.
`;

const REVOKED = `@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@       WARNING: REVOKED HOST KEY DETECTED!               @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
The ED25519 host key for [127.0.0.1]:22422 is marked as revoked.
This could mean that a stolen key is being used to
impersonate this host.
ED25519 host key for [127.0.0.1]:22422 was revoked and you have requested strict checking.
Host key verification failed.
`;

const TOO_OPEN = `@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
Permissions 0644 for '/k' are too open.
It is required that your private key files are NOT accessible by others.
This private key will be ignored.
Load key "/k": bad permissions
admin@10.0.0.2: Permission denied (publickey).
`;

test.each<[string, Peer, string, string, string, string]>([
  [
    "another host key",
    full,
    CHANGED,
    "refused",
    "the host key of p620 (admin@10.0.0.2:2222) is not the known one: another machine answers, or it was installed anew",
    'the old key stands in /home/me/.ssh/known_hosts:12. Only when you know why it has changed, forget it with `ssh-keygen -f "/home/me/.ssh/known_hosts" -R "[10.0.0.2]:2222"`',
  ],
  [
    "a revoked host key",
    plain,
    REVOKED,
    "refused",
    "the host key of p620 is marked as revoked in known_hosts",
    "another machine may answer that has stolen it: give the host a new key",
  ],
  [
    "an unknown host key",
    plain,
    "No ED25519 host key is known for p620 and you have requested strict checking.\nHost key verification failed.\n",
    "refused",
    "the host key of p620 is not known yet",
    "run `ssh p620` once and compare the fingerprint, or add the line of `ssh-keyscan` to known_hosts",
  ],
  [
    "an unknown host key behind another host",
    guest,
    "No ED25519 host key is known for 10.1.0.2 and you have requested strict checking.\nHost key verification failed.\n",
    "refused",
    "the host key of vm1 (admin@10.1.0.2) is not known yet",
    "run `ssh admin@10.1.0.2` once through p620 (-J) and compare the fingerprint, or add the line of `ssh-keyscan` to known_hosts",
  ],
  [
    "an unknown name",
    plain,
    "ssh: Could not resolve hostname p620: Name or service not known\n",
    "unavailable",
    "the host name `p620` of p620 is not known",
    "check its `address`, and the network's DNS",
  ],
  [
    "a closed port",
    full,
    "ssh: connect to host 10.0.0.2 port 2222: Connection refused\n",
    "unavailable",
    "p620 (admin@10.0.0.2:2222) refuses connections",
    `${serves}try \`ssh -p 2222 -i /k admin@10.0.0.2\``,
  ],
  [
    "no answer",
    plain,
    "Connection timed out during banner exchange\nConnection to 10.255.255.1 port 22 timed out\n",
    "unavailable",
    "p620 does not answer",
    `${serves}try \`ssh p620\``,
  ],
  [
    "no answer any more",
    plain,
    "Timeout, server p620 not responding.\n",
    "unavailable",
    "p620 does not answer",
    `${serves}try \`ssh p620\``,
  ],
  [
    "no way",
    plain,
    "ssh: connect to host p620 port 22: No route to host\n",
    "unavailable",
    "there is no way to p620: no route to host",
    `${serves}try \`ssh p620\``,
  ],
  [
    "no network",
    plain,
    "ssh: connect to host p620 port 22: Network is unreachable\n",
    "unavailable",
    "there is no way to p620: network is unreachable",
    `${serves}try \`ssh p620\``,
  ],
  [
    "no key that fits",
    plain,
    "me@p620: Permission denied (publickey).\n",
    "permission",
    "p620 does not let us in with any key that ssh has tried",
    "`ssh-add -l` shows the agent's keys; name one as `identity` in the recipe, or add yours there with `ssh-copy-id`",
  ],
  [
    "a key that does not fit",
    full,
    "admin@10.0.0.2: Permission denied (publickey).\n",
    "permission",
    "p620 (admin@10.0.0.2:2222) does not let us in with the key /k",
    "add its public half to authorized_keys there; a key with a passphrase must be in the agent: `ssh-add`",
  ],
  [
    "too many keys",
    plain,
    "Received disconnect from 127.0.0.1 port 22422:2: Too many authentication failures\nDisconnected from 127.0.0.1 port 22422\n",
    "permission",
    "p620 has seen too many keys that it does not know",
    "name the right one as `identity` in its recipe",
  ],
  [
    "a key that others may read",
    full,
    TOO_OPEN,
    "permission",
    "ssh does not use the key /k for p620: others may read it (mode 0644)",
    "chmod 600 /k",
  ],
  [
    "a key that is not there",
    full,
    "no such identity: /k: No such file or directory\nadmin@10.0.0.2: Permission denied (publickey).\n",
    "permission",
    "there is no key /k, which is to open p620",
    "correct `identity` in the recipe, or make the key with `ssh-keygen`",
  ],
  [
    "a key that is none",
    full,
    'Load key "/k": error in libcrypto\nadmin@10.0.0.2: Permission denied (publickey).\n',
    "permission",
    "the key /k for p620 cannot be read: error in libcrypto",
    "`identity` names the private key, in a format of OpenSSH",
  ],
  [
    "settings that are wrong",
    plain,
    '/home/me/.ssh/config line 2: unsupported option "maybe".\n/home/me/.ssh/config: terminating, 1 bad configuration options\n',
    "not-configured",
    'ssh does not accept its settings: /home/me/.ssh/config line 2: unsupported option "maybe".',
    "correct that file",
  ],
  [
    "settings with an option that is none",
    plain,
    "c5.conf: line 1: Bad configuration option: bad\nc5.conf: terminating, 1 bad configuration options\n",
    "not-configured",
    "ssh does not accept its settings: c5.conf: line 1: Bad configuration option: bad",
    "correct that file",
  ],
  [
    "an old server",
    plain,
    "Unable to negotiate with 127.0.0.1 port 22422: no matching host key type found. Their offer: ssh-rsa\n",
    "unavailable",
    "p620 and this machine's ssh have no method in common: no matching host key type found. Their offer: ssh-rsa",
    "update ssh on one of the two",
  ],
  [
    "a host behind another that is not there",
    guest,
    "kex_exchange_identification: Connection closed by remote host\nConnection closed by UNKNOWN port 65535\n",
    "unavailable",
    "vm1 (admin@10.1.0.2) cannot be reached from p620, or has closed the connection",
    `${serves}try \`ssh admin@10.1.0.2\` on p620, through which it is reached`,
  ],
  [
    "a server that hangs up",
    plain,
    "kex_exchange_identification: Connection closed by remote host\nConnection closed by 127.0.0.1 port 22\n",
    "unavailable",
    "p620 has closed the connection",
    `${serves}try \`ssh p620\``,
  ],
  [
    "something new",
    plain,
    "debug1: x\nsomething new\n",
    "unavailable",
    "ssh cannot reach p620: something new",
    "try `ssh p620`",
  ],
  [
    "nothing",
    plain,
    "debug1: x\n",
    "unavailable",
    "ssh cannot reach p620: it did not say why",
    "try `ssh p620`",
  ],
])("%s", (_, peer, log, code, message, hint) => {
  const error = sshTrouble(log, peer);
  expect([error.code, error.message, error.hint]).toEqual([code, message, hint]);
});

test("a connection that is lost in the middle leaves open what has become of the program", () => {
  expect(connectionLost(guest, "nix").message).toBe(
    "the connection to vm1 (admin@10.1.0.2) was lost while `nix` ran",
  );
});

const MUX = `debug1: auto-mux: Trying existing master
debug3: mux_client_request_alive: done pid = 6409
debug1: mux_client_request_session: master session id: 2
debug3: mux_client_read_packet: read header failed: Broken pipe
`;

test.each([
  [
    "the program's own, over the shared connection",
    `${MUX}debug2: Received exit status from master 255\n`,
    "",
    { kind: "status" },
  ],
  [
    "none, over the shared connection",
    `${MUX}debug2: Control master terminated unexpectedly\n`,
    "",
    { kind: "no-status", master: 6409 },
  ],
  [
    "the program's own, over a connection of its own",
    "Transferred: sent 3480\ndebug1: Exit status 255\n",
    "",
    { kind: "status" },
  ],
  [
    "a signal's, over a connection of its own",
    "Transferred: sent 3480\ndebug1: Exit status -1\n",
    "",
    { kind: "status" },
  ],
  [
    "a lost connection's of its own",
    "Transferred: sent 3480\ndebug1: Exit status -1\n",
    "some output\nConnection to 127.0.0.1 closed by remote host.\r\n",
    { kind: "lost" },
  ],
  [
    "ssh's own",
    "debug1: Connecting to p620\nssh: connect to host p620 port 22: Connection refused\n",
    "",
    { kind: "failed" },
  ],
])("255 is %s", (_, log, stderr, end) => {
  expect(endOf(log, stderr)).toEqual(end as ReturnType<typeof endOf>);
});
