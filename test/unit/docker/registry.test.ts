import { expect, test } from "bun:test";
import { parseRetryAfter, registryOf } from "../../../src/docker/registry.ts";

test.each([
  ["nginx", "docker.io"],
  ["linuxserver/sonarr:latest", "docker.io"],
  ["docker.io/library/nginx:1", "docker.io"],
  ["index.docker.io/library/nginx:1", "docker.io"],
  ["ghcr.io/a/b@sha256:0123", "ghcr.io"],
  ["localhost/app", "localhost"],
  ["localhost:5000/app:1", "localhost:5000"],
  ["registry:5000/app", "registry:5000"],
  ["lscr.io/linuxserver/plex", "lscr.io"],
])("the registry of %s is %s", (image, registry) => {
  expect(registryOf(image)).toBe(registry);
});

const NOW = Date.parse("2026-11-21T10:00:00Z");
test.each([
  [null, undefined],
  ["120", 120_000],
  [" 0 ", 0],
  ["Sat, 21 Nov 2026 10:05:00 GMT", 300_000],
  ["Sat, 21 Nov 2026 09:00:00 GMT", 0],
  ["soon", undefined],
  ["", undefined],
])("Retry-After: %s", (value, milliseconds) => {
  expect(parseRetryAfter(value, NOW)).toBe(milliseconds as number);
});
