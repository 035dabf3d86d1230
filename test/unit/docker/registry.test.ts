import { expect, test } from "bun:test";
import { isReference, parseRetryAfter, registryOf } from "../../../src/docker/registry.ts";

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

test.each([
  "nginx",
  "nginx:1.27-alpine",
  "a.b/c_d/e-f__g:V1.0",
  "localhost:5000/app",
  "Registry.lan/app",
  `ghcr.io/a/b:1@sha256:${"0".repeat(64)}`,
  `sha256:${"a".repeat(64)}`,
])("%s can be an image", (text) => {
  expect(isReference(text)).toBe(true);
});

test.each([
  "",
  "HL/Base:1",
  "--help",
  "a b",
  "app:",
  "app@sha256:12",
  "/app",
  "a//b",
  "http://r.lan/app",
  "a:b:c",
])("%p can be none", (text) => {
  expect(isReference(text)).toBe(false);
});
