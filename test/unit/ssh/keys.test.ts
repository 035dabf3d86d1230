import { expect, test } from "bun:test";
import {
  fingerprint,
  hashedName,
  kindOf,
  knownName,
  parseKey,
  parseKnown,
  parseScan,
  readFingerprint,
} from "../../../src/ssh/keys.ts";

const ED = "AAAAC3NzaC1lZDI1NTE5AAAAINiJoPG81MZCd76V9ygk5MoM4nijIYLwkKodtoByV7ZR";
const EC =
  "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBJHGjxXPqK4AtKById3t/x3N9RkAjcHW6li6z4yV1Jg+770Va9DVMURyRbOIt+oUHiIAEZM+jf3QkSbo/J7hU78=";

test("fingerprints and kinds are those of ssh-keygen -l (10.0p2)", () => {
  expect(fingerprint({ type: "ssh-ed25519", blob: ED })).toBe(
    "SHA256:Qen9mvY3hMN/9jdcDk6LllxT52chAeV5q/aWbU4Cva0",
  );
  expect(fingerprint({ type: "ecdsa-sha2-nistp256", blob: EC })).toBe(
    "SHA256:t52cAJIyHBGrQ9MvXM/BVNZKG6wWfU9KVlJuQN/F0cg",
  );
  expect(
    ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa", "sk-ssh-ed25519@openssh.com"].map((type) =>
      kindOf({ type, blob: ED }),
    ),
  ).toEqual(["ED25519", "ECDSA", "RSA", "ED25519"]);
});

test("what ssh-keyscan prints, the best kind first", () => {
  const text = `# 127.0.0.1:2222 SSH-2.0-OpenSSH_10.0p2 Debian-7+deb13u4
[127.0.0.1]:2222 ecdsa-sha2-nistp256 ${EC}
# 127.0.0.1:2222 SSH-2.0-OpenSSH_10.0p2 Debian-7+deb13u4
[127.0.0.1]:2222 ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAA
[127.0.0.1]:2222 ssh-ed25519 ${ED}
`;
  expect(parseScan(text).map(({ type }) => type)).toEqual(["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"]);
  expect(parseScan("")).toEqual([]);
  expect(parseScan("getaddrinfo nowhere: Name or service not known\n")).toEqual([]);
});

test("a key is found behind options and markers, and nothing else is one", () => {
  expect(parseKey(`ssh-ed25519 ${ED} me@here`)).toEqual({ type: "ssh-ed25519", blob: ED });
  expect(parseKey(`command="echo hi" ssh-ed25519 ${ED}`)).toEqual({ type: "ssh-ed25519", blob: ED });
  for (const line of ["", "ssh-ed25519", `-oProxyCommand=x ${ED}`, "ssh-ed25519 AAAA;rm", "a b c"])
    expect(parseKey(line)).toBeUndefined();
});

test("lines of known_hosts, as ssh-keygen -F shows them", () => {
  const text = `# Host web found: line 2 \n|1|kaWTrOUN9nGSkjeaGxWoOWFYEtU=|XydkeiKG03+epHVbD3jXQ+AkykE= ssh-ed25519 ${ED}
# Host web found: line 4 REVOKED\n@revoked web ecdsa-sha2-nistp256 ${EC}
# Host web found: line 5 CA\n@cert-authority *.lan ssh-ed25519 ${ED}\n`;
  expect(parseKnown(text).map(({ marker, key }) => [marker, key.type])).toEqual([
    [undefined, "ssh-ed25519"],
    ["revoked", "ecdsa-sha2-nistp256"],
    ["cert-authority", "ssh-ed25519"],
  ]);
});

test("a hashed name is the one that ssh-keygen -H makes of it", () => {
  const salt = Buffer.from("kaWTrOUN9nGSkjeaGxWoOWFYEtU=", "base64");
  expect(hashedName(knownName("127.0.0.1", 2222), salt)).toBe(
    "|1|kaWTrOUN9nGSkjeaGxWoOWFYEtU=|XydkeiKG03+epHVbD3jXQ+AkykE=",
  );
  expect(knownName("web.lan", 22)).toBe("web.lan");
});

test("a fingerprint as people copy it", () => {
  const right = "SHA256:Qen9mvY3hMN/9jdcDk6LllxT52chAeV5q/aWbU4Cva0";
  for (const text of [right, ` ${right} `, `${right}=`, right.slice(7)])
    expect(readFingerprint(text)).toBe(right);
  for (const text of ["", "SHA256:", "MD5:aa:bb", `${right}x`, "yes"])
    expect(readFingerprint(text)).toBeUndefined();
});
