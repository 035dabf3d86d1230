import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { shippedBook } from "../../src/book/load.ts";
import { catalogueEntries, GITIGNORE } from "../../src/catalogue/catalogue.ts";
import { CATALOGUE } from "../../src/catalogue/files.ts";
import { envKeys } from "../../src/units/compose/dotenv.ts";
import { interpolate } from "../../src/units/compose/interpolate.ts";

const entries = catalogueEntries();

test("the catalogue has the services of the shipped book, each in the directory that it names", async () => {
  const { recipes } = await shippedBook();
  const dirs = [...recipes.values()].map((recipe) => [
    recipe.name,
    recipe.kind === "service" ? recipe.dir : "",
  ]);
  expect([...entries.values()].map(({ name, dir }) => [name, dir]).sort()).toEqual(dirs.sort());
});

test("every directory of the catalogue is shipped", () => {
  expect(readdirSync(join(import.meta.dir, "../../recipes/catalogue")).sort()).toEqual(
    Object.keys(CATALOGUE).sort(),
  );
});

test.each([...entries.values()])("$name: every variable has a place in the template", ({ files }) => {
  const used = new Set<string>();
  const compose = (files["compose.yml"] ?? "").replaceAll(/#.*/g, "");
  interpolate(
    compose,
    () => "x",
    ({ name }) => used.add(name),
  );
  expect([...used].sort()).toEqual(
    envKeys(files[".env.example"] ?? "")
      .map(({ name }) => name)
      .sort(),
  );
});

test("no host port and no container name is there twice", () => {
  const taken: string[] = [];
  for (const { files } of entries.values()) {
    const values = Object.fromEntries(
      envKeys(files[".env.example"] ?? "").map(({ name, value }) => [name, value]),
    );
    const compose = interpolate(files["compose.yml"] ?? "", (name) => values[name]);
    const services = Object.values(
      (Bun.YAML.parse(compose) as { services: Record<string, { ports?: string[]; container_name: string }> })
        .services,
    );
    for (const { ports = [], container_name: name } of services) {
      taken.push(name, ...ports.map((port) => `${port.split(":")[0]}/${port.split("/")[1] ?? "tcp"}`));
    }
  }
  expect(taken.filter((name, index) => taken.indexOf(name) !== index)).toEqual([]);
});

test("secrets stay out of git", () => {
  expect(GITIGNORE).toContain("\nservices/**/.env\n*.env\n");
  expect(GITIGNORE).toContain("\n!*.env.example\n");
});
