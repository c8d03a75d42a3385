import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { interpreterOf } from "./interpreter.ts";

const of = (text: string): unknown => interpreterOf(Buffer.from(text, "latin1"));

test("of a script: the first line's program and all that follows as one argument", () => {
  expect(of("#!/bin/sh\necho")).toEqual(["/bin/sh"]);
  expect(of("#! \t/usr/bin/env  node --flag \nx")).toEqual(["/usr/bin/env", "node --flag"]);
  expect(of("#!/no/end")).toEqual(["/no/end"]);
});

test("of a program: the loader it was linked for", () => {
  const [loader] = interpreterOf(readFileSync("/proc/self/exe").subarray(0, 4_096)) ?? [];
  expect(loader).toMatch(/^\/lib.*\/ld-/);
});

test("anything else has none, and no bytes make it fail", () => {
  for (const text of ["", "#!", "#! \n/bin/sh", "echo", "\x7fELF", "\x7fELF\x02\x01"]) expect(of(text)).toBeNull();
  const elf = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.concat([Buffer.from("\x7fELF\x02\x01", "latin1"), bytes]));
  fc.assert(
    fc.property(elf, (head) => {
      const found = interpreterOf(head);
      expect(found === null || typeof found[0] === "string").toBe(true);
    }),
  );
});
