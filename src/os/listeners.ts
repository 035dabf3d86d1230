import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A port that somebody on this machine listens at. */
export interface Listener {
  readonly protocol: "tcp" | "udp";
  /** As people write it: `0.0.0.0`, `127.0.0.1`, `::`, `::1`. */
  readonly ip: string;
  readonly port: number;
  /** User id of whoever opened it. */
  readonly uid: number;
  /** The kernel's number of the socket, by which its process is found. */
  readonly inode: string;
}

const TCP_LISTEN = "0A";
/** A datagram socket that is bound and connected to nobody. */
const UDP_UNCONNECTED = "07";

/** Listeners in the text of one of /proc/net/{tcp,tcp6,udp,udp6}. */
export function parseListeners(text: string, protocol: "tcp" | "udp"): Listener[] {
  const wanted = protocol === "tcp" ? TCP_LISTEN : UDP_UNCONNECTED;
  return text
    .split("\n")
    .slice(1)
    .flatMap((line): Listener[] => {
      const [, local = "", , state, , , , uid, , inode = ""] = line.trim().split(/\s+/);
      const [address = "", port = ""] = local.split(":");
      if (state !== wanted) return [];
      return [{ protocol, ip: ipOf(address), port: Number.parseInt(port, 16), uid: Number(uid), inode }];
    });
}

/** The kernel writes addresses as 32-bit words in the machine's own byte order, which is little endian here. */
function ipOf(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) =>
    (word.match(/../g) ?? []).reverse().map((pair) => Number.parseInt(pair, 16)),
  );
  if (bytes.length === 4) return bytes.join(".");
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (mapped) return bytes.slice(12).join(".");
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  );
  return shorten(groups);
}

/** The longest run of zeros as `::`. */
function shorten(groups: readonly string[]): string {
  const text = groups.join(":");
  const runs = [...text.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].sort((a, b) => b[0].length - a[0].length);
  const [longest] = runs;
  if (!longest) return text;
  const before = text.slice(0, longest.index);
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, "");
  return `${before}::${after}`;
}

/** All listeners of this machine. Undefined where the system does not tell (no Linux). */
export function listeners(): Listener[] | undefined {
  const files = (["tcp", "tcp6", "udp", "udp6"] as const).map(
    (name) => [name, readIfThere(`/proc/net/${name}`)] as const,
  );
  if (files.every(([, text]) => text === undefined)) return undefined;
  return files.flatMap(([name, text]) => parseListeners(text ?? "", name.startsWith("tcp") ? "tcp" : "udp"));
}

export interface Process {
  readonly pid: number;
  readonly name: string;
  /** Full id of the container in which it runs. */
  readonly container?: string | undefined;
}

/** The process that holds a socket; undefined when this user may not see it. */
export function processOf(inode: string): Process | undefined {
  const wanted = `socket:[${inode}]`;
  for (const pid of readdirSync("/proc")) {
    if (!/^\d+$/.test(pid) || !holds(pid, wanted)) continue;
    const container = /[0-9a-f]{64}/.exec(readIfThere(`/proc/${pid}/cgroup`) ?? "")?.[0];
    return { pid: Number(pid), name: readIfThere(`/proc/${pid}/comm`)?.trim() ?? "?", container };
  }
  return undefined;
}

function holds(pid: string, socket: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === socket);
  } catch {
    // Another user's, or ended meanwhile.
    return false;
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // Closed meanwhile.
    return undefined;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // No such protocol, no such process, or not for this user.
    return undefined;
  }
}
