import { type Broken, brokenIn, plain, storeName, transferred } from "./words.ts";

/** Last lines that are kept of a build's log, and of what is said that is no message of Nix. */
const LOG_LINES = 25;
/** Builds that have ended whose logs are still known: the error that names one comes around its end. */
const ENDED_LOGS = 50;
/** Characters of such a line that anybody reads. */
const OTHER_LENGTH = 2000;
/** A line that gets longer than this is not Nix speaking. */
const LONGEST = 4 * 1024 * 1024;

/** Of nix/src/libutil/include/nix/util/logging.hh: types of activities, and of what is told of them. */
const ACTIVITY = {
  copyPath: 100,
  fileTransfer: 101,
  realise: 102,
  builds: 104,
  build: 105,
  queryPathInfo: 109,
  buildWaiting: 111,
  fetchTree: 112,
} as const;
const RESULT = { logLine: 101, phase: 104, progress: 105, expected: 106 } as const;
/** The verbosity up to which a message is more than information. */
const WARN = 1;

export interface Message {
  readonly level: "error" | "warning" | "info";
  /** Without colours, and without `error:` or `warning:` in front. */
  readonly text: string;
}

/** A derivation whose build failed. */
export interface FailedBuild extends Broken {
  /** `linux-6.12.1`. */
  readonly name: string;
}

interface Count {
  readonly done: number;
  readonly expected: number;
}

interface Activity {
  readonly type: number;
  readonly parent: number;
  readonly text: string;
  readonly subject: string;
  phase?: string;
  /** Of a build: which one of all it is. */
  number?: number;
  done: number;
  expected: number;
}

/** What `nix --log-format internal-json` tells on standard error, piece by piece. */
export class NixLog {
  readonly messages: Message[] = [];
  /** Lines that are not Nix's: of git, of ssh, or of a shell that finds no Nix. */
  readonly other: string[] = [];
  private readonly decoder = new TextDecoder();
  private rest = "";
  private readonly running = new Map<number, Activity>();
  private readonly logs = new Map<string, string[]>();
  private builds: Count = { done: 0, expected: 0 };
  /** Bytes that were announced, and those of transfers that have ended, by type of activity. */
  private readonly announced = new Map<number, number>();
  private readonly ended = new Map<number, number>();
  private realises = false;

  /** A piece of standard error; it may begin and end anywhere. */
  feed(piece: Uint8Array): void {
    this.rest += this.decoder.decode(piece, { stream: true });
    const lines = this.rest.split("\n");
    this.rest = lines.pop() ?? "";
    if (this.rest.length > LONGEST) this.rest = "";
    for (const line of lines) this.line(line);
  }

  /** There is no more: what stands there without an end of line counts as well. */
  end(): void {
    const last = this.rest + this.decoder.decode();
    this.rest = "";
    if (last !== "") this.line(last);
  }

  get errors(): readonly string[] {
    return this.messages.filter(({ level }) => level === "error").map(({ text }) => text);
  }

  get warnings(): readonly string[] {
    return this.messages.filter(({ level }) => level === "warning").map(({ text }) => text);
  }

  /** Whether it was evaluated, and was about to be built. */
  get realising(): boolean {
    return this.realises;
  }

  /** Derivations that are built, and all that are to be. */
  get built(): Count {
    return this.builds;
  }

  /** Bytes that came from caches, and that are to come. */
  get fetched(): Count {
    // A cache that is a directory is read without any transfer of files.
    const type = this.seen(ACTIVITY.fileTransfer) ? ACTIVITY.fileTransfer : ACTIVITY.copyPath;
    const running = this.active(type).filter((each) => this.isOfCache(each));
    const done = running.reduce((sum, each) => sum + each.done, this.ended.get(type) ?? 0);
    return { done, expected: this.announced.get(type) ?? 0 };
  }

  /** The builds that failed by themselves, each once. */
  get failed(): readonly FailedBuild[] {
    const broken = this.errors.flatMap((error) => brokenIn(error) ?? []);
    const own = broken.filter(({ dependent }) => !dependent);
    const once = new Map(own.map((each) => [each.derivation, each]));
    return [...once.values()].map((each) => {
      const log = this.logs.get(each.derivation) ?? each.log;
      return { ...each, name: storeName(each.derivation), log };
    });
  }

  /** What is done at the moment, for one line of a live display. */
  note(): string {
    const build = this.active(ACTIVITY.build).at(-1);
    if (build) {
      const { expected } = this.built;
      const phase = build.phase === undefined ? "" : `: ${build.phase}`;
      const number = Math.min(build.number ?? 0, expected);
      const count = number > 0 && expected > 1 ? ` (${number} of ${expected})` : "";
      return `building ${storeName(build.subject)}${phase}${count}`;
    }
    if (this.active(ACTIVITY.copyPath).length > 0) {
      const { done, expected } = this.fetched;
      return expected > 0 ? `fetching ${transferred(done, expected)}` : "fetching";
    }
    const waiting = this.active(ACTIVITY.buildWaiting).at(-1);
    if (waiting && waiting.text !== "") return plain(waiting.text);
    if (this.active(ACTIVITY.queryPathInfo).length > 0) return "asking the caches";
    if (this.realises) return "preparing";
    const input = this.active(ACTIVITY.fileTransfer).at(-1);
    if (input && /(?:\/nix-cache-info|\.narinfo)$/.test(input.subject)) return "asking the caches";
    if (input && input.expected > 0) return `fetching inputs, ${transferred(input.done, input.expected)}`;
    return input || this.active(ACTIVITY.fetchTree).length > 0 ? "fetching inputs" : "evaluating";
  }

  private line(line: string): void {
    const message = parse(line);
    if (message) this.take(message);
    if (message || line.trim() === "") return;
    this.other.push(plain(line.slice(0, OTHER_LENGTH)));
    if (this.other.length > LOG_LINES) this.other.shift();
  }

  private take(message: Wire): void {
    const { action, id, type, fields } = message;
    if (action === "msg") this.say(message);
    else if (action === "start") this.start(id, type, message);
    else if (action === "stop") this.stop(id);
    else if (action === "result") this.tell(id, type, fields);
  }

  private say({ level, msg }: Wire): void {
    const text = plain(msg);
    const [, word = ""] = /^(error|warning|trace|evaluation warning):/.exec(text) ?? [];
    const said = text.slice(word === "" ? 0 : word.length + 1).trim();
    if (word === "error") this.messages.push({ level: "error", text: said });
    else if (word.endsWith("warning")) this.messages.push({ level: "warning", text: said });
    else this.messages.push({ level: level <= WARN && word === "" ? "warning" : "info", text });
  }

  private start(id: number, type: number, { text, parent, fields }: Wire): void {
    const subject = typeof fields[0] === "string" ? fields[0] : "";
    this.running.set(id, { type, parent, text, subject, done: 0, expected: 0 });
    if (type === ACTIVITY.realise) this.realises = true;
    if (type === ACTIVITY.build) this.logs.set(subject, []);
  }

  private stop(id: number): void {
    const activity = this.running.get(id);
    this.running.delete(id);
    if (!activity) return;
    if (this.isOfCache(activity))
      this.ended.set(activity.type, (this.ended.get(activity.type) ?? 0) + activity.done);
    if (activity.type !== ACTIVITY.build) return;
    const going = new Set(this.active(ACTIVITY.build).map(({ subject }) => subject));
    const over = [...this.logs.keys()].filter((each) => !going.has(each));
    for (const each of over.slice(0, -ENDED_LOGS)) this.logs.delete(each);
  }

  private tell(id: number, type: number, fields: readonly unknown[]): void {
    const activity = this.running.get(id);
    if (!activity) return;
    const [first, second, third] = fields;
    if (type === RESULT.logLine && typeof first === "string") {
      const log = this.logs.get(activity.subject);
      log?.push(plain(first));
      if (log && log.length > LOG_LINES) log.shift();
    } else if (type === RESULT.phase && typeof first === "string") {
      activity.phase = first;
    } else if (typeof first !== "number" || typeof second !== "number") {
      return;
    } else if (type === RESULT.progress) {
      [activity.done, activity.expected] = [first, second];
      if (activity.type === ACTIVITY.builds) this.count(first, second, Number(third ?? 0));
    } else if (type === RESULT.expected) {
      // What has failed, or was found to be there, is taken off again at the end.
      this.announced.set(first, Math.max(second, this.announced.get(first) ?? 0));
    }
  }

  private count(done: number, expected: number, running: number): void {
    this.builds = { done, expected };
    for (const build of this.active(ACTIVITY.build)) build.number ??= Math.max(done + running, 1);
  }

  private active(type: number): Activity[] {
    return [...this.running.values()].filter((each) => each.type === type);
  }

  /** A transfer of a store path: others are of what a cache tells about itself, and of the flake's inputs. */
  private isOfCache({ type, parent }: Activity): boolean {
    if (type !== ACTIVITY.fileTransfer) return type === ACTIVITY.copyPath;
    return this.running.get(parent)?.type === ACTIVITY.copyPath;
  }

  private seen(type: number): boolean {
    return this.ended.has(type) || this.active(type).some((each) => this.isOfCache(each));
  }
}

interface Wire {
  readonly action: unknown;
  readonly id: number;
  readonly type: number;
  readonly parent: number;
  readonly level: number;
  readonly text: string;
  readonly msg: string;
  readonly fields: readonly unknown[];
}

/** A line of Nix; undefined for one that is somebody else's. */
function parse(line: string): Wire | undefined {
  if (!line.startsWith("@nix {")) return undefined;
  try {
    const wire: Record<string, unknown> = JSON.parse(line.slice("@nix ".length));
    const { action, id, type, parent, level, text, msg, fields } = wire;
    const list: readonly unknown[] = Array.isArray(fields) ? fields : [];
    const numbers = { id: Number(id ?? 0), type: Number(type ?? 0), parent: Number(parent ?? 0) };
    const texts = { text: String(text ?? ""), msg: String(msg ?? "") };
    return { action, ...numbers, level: Number(level ?? 0), ...texts, fields: list };
  } catch {
    // A program that Nix runs may have written into the middle of a line: then it is text like any other.
    return undefined;
  }
}
