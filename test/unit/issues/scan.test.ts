import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { githubOf, untilText } from "../../../src/issues/github.ts";
import { riskOf, type Scan, scanIssues } from "../../../src/issues/scan.ts";
import { openGithub } from "../../helpers/github.ts";

const github = openGithub();
afterAll(() => github[Symbol.dispose]());
beforeEach(() => {
  Object.assign(github, { issues: [], answer: undefined, left: 10 });
  github.take();
});
const env = { HOMELAB_GITHUB_API: `http://127.0.0.1:${github.port}/` };
const HOST = `127.0.0.1:${github.port}`;
const scan = (names: string[], more: object = {}, signal = new AbortController().signal) =>
  scanIssues(
    names.map((name) => ({ name, versions: ["2.1"], inUnit: false })),
    { github: githubOf({ ...env, ...more }), since: undefined, signal, progress() {} },
  );

describe("where it asks", () => {
  test.each<[env: Record<string, string>, want: object]>([
    [{}, { base: "https://api.github.com", token: undefined, most: 10 }],
    [{ GITHUB_TOKEN: "t" }, { base: "https://api.github.com", token: "t", most: 30 }],
    [
      { GH_TOKEN: "u", GITHUB_TOKEN: "" },
      { base: "https://api.github.com", token: "u", most: 30 },
    ],
    [
      { GITHUB_TOKEN: "t", HOMELAB_GITHUB_API: "http://10.0.0.1/api/" },
      { base: "http://10.0.0.1/api", token: undefined, most: 10 },
    ],
  ])("%p", (given, want) => {
    expect(githubOf(given)).toEqual(want as ReturnType<typeof githubOf>);
  });

  test.each(["nonsense", "file:///etc/passwd"])("%s is no address", (HOMELAB_GITHUB_API) => {
    expect(() => githubOf({ HOMELAB_GITHUB_API })).toThrow("is no address of a web server");
  });

  test("the token goes along, and is in nothing that is told", async () => {
    github.answer = () => Response.json({ message: "Bad credentials" }, { status: 401 });
    const told = await scan(["app"], { GITHUB_TOKEN: "ghp_secret" });
    expect(github.take()).toEqual([
      { query: 'repo:NixOS/nixpkgs is:issue is:open in:title ("app")', authorization: "Bearer ghp_secret" },
    ]);
    expect(told.problem).toBe(`${HOST}: the token in GITHUB_TOKEN is not valid`);
    expect(JSON.stringify(told)).not.toContain("ghp_secret");
  });
});

test("issues of all queries, the worst first, each once", async () => {
  github.issues = [
    { number: 1, title: "app: build fails", labels: ["0.kind: build failure"] },
    { number: 2, title: "g 2.1 eats data", labels: ["1.severity: data loss"] },
    { number: 3, title: "b and c hang" },
    { number: 4, title: "b 2.1 hangs", state: "closed" },
  ];
  const { issues, ...rest } = await scan(["app", "b", "c", "d", "e", "f", "g"]);
  expect(issues.map(({ number, severity, package: name }) => [number, severity, name])).toEqual([
    [2, "critical", "g"],
    [1, "medium", "app"],
    [4, "low", "b"],
    [3, "low", "b"],
  ]);
  expect(rest).toEqual({ checked: ["app", "b", "c", "d", "e", "f", "g"], unchecked: [], problem: undefined });
  expect(github.take().length).toBe(2);
});

describe("what could not be asked is never said to be well", () => {
  const NAMES = ["a", "b", "c", "d", "e", "f", "g", "h"];
  test("the limit is honoured: no request beyond what it says is left", async () => {
    github.left = 1;
    const { checked, unchecked, problem } = await scan(NAMES);
    expect([checked, unchecked, problem]).toEqual([
      NAMES.slice(0, 6),
      ["g", "h"],
      "GitHub takes no more searches in a minute",
    ]);
    expect(github.take().length).toBe(1);
  });

  test.each<[what: string, answer: () => Response, problem: string]>([
    [
      "the limit is reached already",
      () =>
        Response.json(
          {},
          { status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795269900" } },
        ),
      "it takes no more requests until 14:05 UTC",
    ],
    ["too many at once", () => new Response("", { status: 429 }), "it takes no more requests"],
    ["not allowed", () => Response.json({}, { status: 403 }), "HTTP 403"],
    ["broken", () => new Response("<html>", { status: 502 }), "HTTP 502"],
    [
      "moved",
      () => new Response("", { status: 301, headers: { location: "http://192.0.2.1/" } }),
      "HTTP 301",
    ],
    ["no JSON", () => new Response("<html>"), "its answer is none of a search"],
    ["other JSON", () => Response.json([]), "its answer is none of a search"],
  ])("%s: nothing more is asked", async (_, answer, problem) => {
    github.answer = answer;
    expect(await scan(NAMES)).toEqual({
      issues: [],
      checked: [],
      unchecked: NAMES,
      problem: `${HOST}: ${problem}`,
    });
    expect(github.take().length).toBe(1);
  });

  test("a query that it does not take keeps the others not from being asked", async () => {
    github.answer = () => {
      github.answer = undefined;
      return Response.json({ message: "Validation Failed" }, { status: 422 });
    };
    const { checked, unchecked, problem } = await scan(NAMES);
    expect([checked, unchecked, problem]).toEqual([
      ["g", "h"],
      NAMES.slice(0, 6),
      `${HOST}: it does not take the query`,
    ]);
  });

  test("an answer that is not all there is", async () => {
    github.answer = () => Response.json({ total_count: 340, incomplete_results: false, items: [] });
    expect(await scan(["linux"])).toEqual({
      issues: [],
      checked: [],
      unchecked: ["linux"],
      problem: "there are more issues than GitHub gives in one answer",
    });
  });

  test("no network", async () => {
    const nobody = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const { port } = nobody;
    nobody.stop(true);
    const { unchecked, problem } = await scan(["a"], { HOMELAB_GITHUB_API: `http://127.0.0.1:${port}` });
    expect([unchecked, problem]).toEqual([
      ["a"],
      expect.stringContaining(`127.0.0.1:${port}: it cannot be reached`),
    ]);
  });

  test("an answer that begins and never ends, and a person who does not want to wait", async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    github.answer = () => {
      resolve();
      return new Response(
        new ReadableStream({ start: (stream) => stream.enqueue(Buffer.from('{"items":[')) }),
      );
    };
    const abort = new AbortController();
    const scanned = scan(["a"], {}, abort.signal);
    await asked;
    abort.abort();
    expect(await scanned).toEqual({
      issues: [],
      checked: [],
      unchecked: ["a"],
      problem: `${HOST}: it was broken off`,
    });
  });
});

test.each<[headers: Record<string, string>, want: string]>([
  [{}, ""],
  [{ "x-ratelimit-reset": "1795269900" }, " until 14:05 UTC"],
  [{ "retry-after": "60", "x-ratelimit-reset": "1795269900" }, " until 00:01 UTC"],
  [{ "retry-after": "soon" }, ""],
])("%p%s", (headers, want) => {
  expect(untilText(new Headers(headers), 0)).toBe(want);
});

test.each<[severities: string[], unchecked: string[], want: string]>([
  [[], [], "none"],
  [["low"], [], "none"],
  [["low"], ["app"], "medium"],
  [["medium", "low"], [], "medium"],
  [["high", "medium"], ["app"], "high"],
  [["critical", "high"], [], "critical"],
])("risk of %p, %p not checked: %s", (severities, unchecked, want) => {
  const issues = severities.map((severity) => ({ severity })) as unknown as Scan["issues"];
  expect(riskOf({ issues, checked: [], unchecked, problem: undefined })).toBe(
    want as ReturnType<typeof riskOf>,
  );
});
