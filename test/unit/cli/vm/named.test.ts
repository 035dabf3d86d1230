import { expect, test } from "bun:test";
import type { MicrovmRecipe } from "../../../../src/book/types.ts";
import { resolveVms } from "../../../../src/cli/vm/named.ts";
import { HomelabError } from "../../../../src/errors.ts";
import { bookOf, service } from "../../books.ts";

const vm = (name: string): MicrovmRecipe => ({ kind: "microvm", name, needs: [], after: [] });
const BOOK = bookOf([vm("vm1"), vm("vm2"), vm("vm3"), service("web")], ["both: vm1 vm2 web", "files: web"]);

test.each([
  ["", "vm1 vm2 vm3", ""],
  ["vm1", "vm1", "vm1"],
  ["both", "vm1 vm2", ""],
  ["both vm2", "vm1 vm2", "vm2"],
])("`vm … %s` means %s, and %p outright", (words, names, outright) => {
  const found = resolveVms(BOOK, words.split(" ").filter(Boolean), []);
  expect([found.names.join(" "), [...found.outright].join(" ")]).toEqual([names, outright]);
});

const away = {
  ...{ host: "box", remote: true },
  error: new HomelabError("unavailable", "there is no way to box"),
};

test.each([
  ["vm", [], "unknown MicroVM `vm`", "did you mean `vm1`?"],
  ["far", [], "unknown MicroVM `far`", "`homelab vm list` shows all that there are"],
  [
    "far",
    [away],
    "unknown MicroVM `far`",
    "`homelab vm list` shows all that there are; box could not be asked: there is no way to box",
  ],
  ["web", [away], "`web` is a service, and no MicroVM", "`homelab vm list` shows all that there are"],
  [
    "files",
    [],
    "`files` is a group without MicroVMs, and no MicroVM",
    "`homelab vm list` shows all that there are",
  ],
])("`%s` is none that is known (%j)", (word, unasked, message, hint) => {
  const refusal = expect.objectContaining({ code: "unknown-target", message, hint });
  expect(() => resolveVms(BOOK, [word], unasked)).toThrow(refusal);
});
