import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newPlace } from "./new-place.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-place-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const refused = (name: string): string => {
  try {
    newPlace(at(name));
    return "taken";
  } catch (error) {
    return error instanceof Error ? error.message : "?";
  }
};

test("attack: a file, a folder, links to one and to nothing, and a folder that is not there: refused, and all of it is as it was", () => {
  writeFileSync(at("mine.txt"), "mine");
  symlinkSync(at("mine.txt"), at("link"));
  symlinkSync(at("nowhere"), at("dangling"));
  symlinkSync(folder, at("round"));
  for (const name of ["mine.txt", "link", "dangling"]) expect(refused(name)).toContain("is there already, and nothing is written over it");
  for (const name of [".", "round"]) expect(refused(name)).toContain("is a folder");
  expect(refused("absent/file")).toContain("ENOENT");
  expect(refused("mine.txt/file")).toContain("ENOTDIR");
  expect(refused("x".repeat(300))).toContain("ENAMETOOLONG");
  expect(readFileSync(at("mine.txt"), "utf8")).toBe("mine");
});

test.skipIf(process.getuid?.() === 0)("attack: a folder that may not be written", () => {
  const closed = mkdtempSync(join(folder, "closed-"));
  chmodSync(closed, 0o500);
  expect(refused(`${closed.slice(folder.length + 1)}/file`)).toContain("EACCES");
});

test("attack: a file that comes into being between the look and the writing is not written over; names of any script are taken", () => {
  const place = newPlace(at("Entwürfe 変更.json"));
  writeFileSync(place.path, "somebody else's");
  expect(() => place.write("mine", "it is safe")).toThrow("cannot be written; it is safe");
  expect(readFileSync(place.path, "utf8")).toBe("somebody else's");
  newPlace(at("neu\u0301.json")).write("mine", "");
  expect(readFileSync(at("neu\u0301.json"), "utf8")).toBe("mine");
});

test("a device takes what is written, and stays what it is", () => {
  newPlace("/dev/null").write("mine", "");
  expect(() => newPlace("/dev/full").write("mine", "it is safe")).toThrow("cannot be written; it is safe");
});
