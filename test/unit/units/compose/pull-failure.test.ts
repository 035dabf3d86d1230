import { expect, test } from "bun:test";
import { explainPull } from "../../../../src/units/compose/pull-failure.ts";

const daemon = (text: string) => `Error response from daemon: ${text}\n`;
const cases: [what: string, image: string, stderr: string, kind: string, reason: string, text: string][] = [
  [
    "a rate limit of the default registry",
    "nginx:1",
    daemon(
      "toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
    ),
    "limited",
    "rate-limited",
    "docker.io gives no more images away for now (rate limit)",
  ],
  [
    "a rate limit without a document",
    "ghcr.io/a/b:1",
    daemon(
      `error parsing HTTP 429 response body: invalid character 's' looking for beginning of value: "slow down"`,
    ),
    "limited",
    "rate-limited",
    "ghcr.io gives no more images away for now (rate limit)",
  ],
  [
    "a login that is wanted",
    "ghcr.io/a/b:1",
    daemon('Head "https://ghcr.io/v2/a/b/manifests/1": unauthorized'),
    "denied",
    "registry-denied",
    "ghcr.io does not give `ghcr.io/a/b:1` away: it does not exist there, or a login is needed",
  ],
  [
    "the same in one word",
    "ghcr.io/a/b:1",
    daemon("denied"),
    "denied",
    "registry-denied",
    "ghcr.io does not give `ghcr.io/a/b:1` away: it does not exist there, or a login is needed",
  ],
  [
    "no login at all",
    "r.lan/b",
    daemon('Get "https://r.lan/v2/b/manifests/latest": no basic auth credentials'),
    "denied",
    "registry-denied",
    "r.lan does not give `r.lan/b` away: it does not exist there, or a login is needed",
  ],
  [
    "a name that the default registry does not know",
    "nosuch/image",
    daemon(
      "pull access denied for nosuch/image, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    ),
    "denied",
    "registry-denied",
    "docker.io does not give `nosuch/image` away: it does not exist there, or a login is needed",
  ],
  [
    "a refusal that is a web page",
    "r.lan/b",
    daemon(
      `error parsing HTTP 403 response body: invalid character '<' looking for beginning of value: "<html>"`,
    ),
    "denied",
    "registry-denied",
    "r.lan does not give `r.lan/b` away: it does not exist there, or a login is needed",
  ],
  [
    "a transfer that broke off",
    "r.lan/b",
    daemon("unexpected EOF"),
    "broken",
    "pull-broken",
    "the pull of `r.lan/b` from r.lan broke off: unexpected EOF",
  ],
  [
    "a registry that is broken",
    "r.lan/b",
    daemon("received unexpected HTTP status: 503 Service Unavailable"),
    "broken",
    "pull-broken",
    "the pull of `r.lan/b` from r.lan broke off: received unexpected HTTP status: 503 Service Unavailable",
  ],
  [
    "a slow handshake",
    "r.lan/b",
    daemon('Get "https://r.lan/v2/": net/http: TLS handshake timeout'),
    "broken",
    "pull-broken",
    'the pull of `r.lan/b` from r.lan broke off: Get "https://r.lan/v2/": net/http: TLS handshake timeout',
  ],
  [
    "a registry that takes no connection",
    "127.0.0.1:9/x:1",
    daemon('Get "http://127.0.0.1:9/v2/": dial tcp 127.0.0.1:9: connect: connection refused'),
    "unreachable",
    "image-missing",
    "the image is not here, and its registry http://127.0.0.1:9 cannot be reached",
  ],
  [
    "one that lets connections wait",
    "r.lan/b",
    daemon('Get "https://r.lan/v2/": dial tcp 10.0.0.9:443: i/o timeout'),
    "unreachable",
    "image-missing",
    "the image is not here, and its registry https://r.lan cannot be reached",
  ],
  [
    "a tag that does not exist",
    "r.lan/b:9",
    daemon("manifest for r.lan/b:9 not found: manifest unknown: manifest unknown"),
    "other",
    "image-missing",
    "the image `r.lan/b:9` does not exist in its registry",
  ],
  [
    "a full disk",
    "r.lan/b",
    "failed to register layer: write /usr/lib/x: no space left on device\n",
    "other",
    "disk-full",
    "no space left on the disk",
  ],
  [
    "an engine that is away",
    "r.lan/b",
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n",
    "other",
    "docker-unavailable",
    "Docker went away during the change",
  ],
  [
    "what nobody has seen yet",
    "r.lan/b",
    "something else\n",
    "other",
    "compose-failed",
    "docker pull failed: something else",
  ],
];

test.each(cases)("%s", (_, image, stderr, kind, reason, text) => {
  expect(explainPull(stderr, image)).toMatchObject({ kind: kind as never, reason, text });
});

test.each([
  ["toomanyrequests: retry-after: 38.5µs, allowed: 44000/minute", 0.0385],
  ["toomanyrequests: retry-after: 1.5s", 1500],
  ["toomanyrequests: Retry after 10m", 600_000],
  ["toomanyrequests: later", undefined],
])("the time that a registry names: %s", (text, milliseconds) => {
  expect(explainPull(text, "ghcr.io/a/b").after).toBe(milliseconds as number);
});
