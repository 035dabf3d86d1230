import { expect, test } from "bun:test";
import { listeners, parseListeners, processOf } from "../../../src/os/listeners.ts";

const HEADER =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const line = (address: string, state: string) =>
  `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0\n`;

test.each<[address: string, ip: string, port: number]>([
  ["0100007F:1F90", "127.0.0.1", 8080],
  ["00000000:0050", "0.0.0.0", 80],
  ["0A02A8C0:FFFF", "192.168.2.10", 65535],
  ["00000000000000000000000000000000:0016", "::", 22],
  ["00000000000000000000000001000000:0277", "::1", 631],
  ["0000000000000000FFFF00000100007F:1F90", "127.0.0.1", 8080],
  ["B80D0120000000000000000001000000:0035", "2001:db8::1", 53],
  ["000080FE00000000FF00FE0001020304:0035", "fe80::fe:ff:403:201", 53],
])("parseListeners() of %s", (address, ip, port) => {
  expect(parseListeners(HEADER + line(address, "0A"), "tcp")).toEqual([
    { protocol: "tcp", ip, port, uid: 1000, inode: "4711" },
  ]);
});

test("parseListeners() leaves out connections", () => {
  expect(parseListeners(HEADER + line("0100007F:1F90", "01"), "tcp")).toEqual([]);
  expect(parseListeners(HEADER + line("0100007F:1F90", "01"), "udp")).toEqual([]);
  expect(parseListeners(HEADER + line("0100007F:1F90", "07"), "udp")).toHaveLength(1);
  expect(parseListeners("", "tcp")).toEqual([]);
});

test.each(["127.0.0.1", "::1", "0.0.0.0", "::"])(
  "a listener of this very process at %s is found, and whose it is",
  (hostname) => {
    using server = Bun.listen({ hostname, port: 0, socket: { data() {} } });
    const found =
      listeners()?.filter(({ port, protocol }) => port === server.port && protocol === "tcp") ?? [];
    expect(found.map(({ ip }) => ip)).toContain(hostname);
    const own = found.find(({ ip }) => ip === hostname);
    expect(processOf(own?.inode ?? "")).toMatchObject({ pid: process.pid, name: "bun" });
    expect(processOf("1")).toBeUndefined();
  },
);
