/** Without the compiler: each committed bundle is the one that was made of the sources beside it. That opa makes these bytes of them: `npm run accept -- opa`. */
import { afterAll, describe, expect, test } from "bun:test";
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBundle } from "../daemon/policy/bundle.ts";
import { committedBundle, digestsOf, madeOf, SOURCES, type Source } from "./build.ts";

const STALE = "a bundle and its sources differ: run `bun policies/build.ts`";
const folder = mkdtempSync(join(tmpdir(), "maestro-sources-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bytesOf = (source: Source): Buffer => readFileSync(committedBundle(source));
const asMade = (source: Source): boolean => digestsOf(source, bytesOf(source)) === readFileSync(madeOf(source), "utf8");

describe.each(SOURCES.map((source) => [source.revision, source] as const))("the bundle %s", (revision, source) => {
  test("was made of these sources, by this compiler with these arguments", () => {
    expect(asMade(source) ? "as made" : STALE).toBe("as made");
  });

  test("bears its name, and packs the data that lies beside it", () => {
    const { name, data } = readBundle(bytesOf(source), "committed");
    expect(name).toBe(revision);
    expect(data).toEqual(JSON.parse(readFileSync(join(source.folder, "data.json"), "utf8")));
  });

  test.each(["data.json", "bundle.tar.gz", revision.startsWith("default") ? "maestro/gate.rego" : "gate.rego"])("attack: one byte more in %s is noticed", (file) => {
    const copy = { ...source, folder: join(folder, `${revision}-${file.replaceAll("/", "-")}`) };
    cpSync(source.folder, copy.folder, { recursive: true });
    expect(asMade(copy)).toBe(true);
    appendFileSync(join(copy.folder, file), " ");
    expect(asMade(copy)).toBe(false);
  });

  test("attack: another compiler, revision or source file is noticed", () => {
    expect(asMade({ ...source, revision: "other@1" })).toBe(false);
    const copy = { ...source, folder: join(folder, `${revision}-more`) };
    cpSync(source.folder, copy.folder, { recursive: true });
    appendFileSync(join(copy.folder, "more.rego"), "package more\n");
    expect(asMade(copy)).toBe(false);
  });
});
