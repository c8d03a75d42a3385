import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import packageJson from "../../package.json";
import { forbiddenArrow, forbiddenPackage, HOUSED_PACKAGES, importsOf, roomOf } from "./imports.ts";
import { readSources, ROOT, source, type Source } from "./sources.ts";

const sources = readSources().filter((file) => !file.test);

function badArrows(files: readonly Source[]): string[] {
  return files.flatMap((file) =>
    importsOf(file).flatMap(({ specifier, target }) => (target === null ? forbiddenPackage(file.path, specifier) : forbiddenArrow(file.path, target)) ?? []),
  );
}

test("imports run downward only, and packages stay where they belong", () => {
  expect(badArrows(sources)).toEqual([]);
});

test("every relative import names a file that is there, with its ending", () => {
  const lost = sources.flatMap((file) => importsOf(file).filter(({ target }) => target !== null && !existsSync(join(ROOT, target))).map(({ specifier }) => `${file.path} -> ${specifier}`));
  expect(lost).toEqual([]);
});

test("no circle of files imports itself", () => {
  // `scanImports` leaves types out: a circle of types alone costs nothing when the program runs.
  const transpiler = new Bun.Transpiler({ loader: "ts" });
  const runtime = (file: Source) => transpiler.scanImports(file.text).flatMap(({ path }) => (path.startsWith(".") ? posix.join(posix.dirname(file.path), path) : []));
  const edges = new Map(sources.map((file) => [file.path, runtime(file)]));
  const state = new Map<string, "open" | "done">();
  const circles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === "done") return;
    if (state.get(path) === "open") return void circles.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
    state.set(path, "open");
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    state.set(path, "done");
  };
  for (const path of edges.keys()) visit(path, []);
  expect(circles).toEqual([]);
});

test("no room holds more than a third of the lines", () => {
  const lines = new Map<string, number>();
  for (const file of sources) lines.set(roomOf(file.path), (lines.get(roomOf(file.path)) ?? 0) + file.text.split("\n").length);
  const total = [...lines.values()].reduce((sum, count) => sum + count, 0);
  expect([...lines].filter(([, count]) => count > total / 3).map(([room]) => room)).toEqual([]);
});

test("every package of package.json has a home, or is a tool nothing imports", () => {
  const tools = ["typescript", "bun-types", "@assemblyscript/loader"];
  const declared = Object.keys({ ...packageJson.dependencies, ...packageJson.devDependencies });
  expect(declared.filter((name) => !HOUSED_PACKAGES.includes(name) && !tools.includes(name))).toEqual([]);
  expect(HOUSED_PACKAGES.filter((name) => !declared.includes(name))).toEqual([]);
});

describe("canary: planted arrows are caught", () => {
  const planted = (path: string, text: string) => badArrows([source(path, text)]).join("\n");

  test("up, sideways, into the daemon from a client, and by a type alone", () => {
    expect(planted("proto/x.ts", 'import { a } from "../daemon/store/db.ts";')).toContain("downward only");
    expect(planted("daemon/store/x.ts", 'import type { A } from "../gate/pipeline.ts";')).toContain("downward only");
    expect(planted("daemon/market/x.ts", 'import type { A } from "../policy/opa.ts";')).toContain("goes down, or is handed in");
    expect(planted("daemon/cli/x.ts", 'export { a } from "../store/db.ts";')).toContain("through the socket alone");
    expect(planted("daemon/market/core.ts", 'import { a } from "../platform/clock.ts";')).toContain("a core is pure");
    expect(planted("daemon/store/x.ts", 'const a = await import("../api/app.ts");')).toContain("downward only");
    expect(planted("daemon/commands/x.ts", 'import type { A } from "../gate/cost.ts";')).toContain("downward only");
    expect(planted("daemon/checking/x.ts", 'import type { A } from "../commands/run.ts";')).toContain("downward only");
    expect(planted("daemon/reporter/x.ts", 'import { a } from "../store/db.ts";')).toContain("no state, no key");
    expect(planted("daemon/gate/x.ts", 'import { fake } from "../testing/fake.ts";')).toContain("test floor");
    expect(planted("daemon/gate/x.ts", 'import {\n  a,\n  b,\n} from "../api/app.ts";')).toContain("downward only");
  });

  test("a package outside its home, an unknown one, and a disk in the verifier", () => {
    expect(planted("daemon/cli/x.ts", 'import { Elysia } from "elysia";')).toContain("lives in");
    expect(planted("daemon/gate/x.ts", 'import leftPad from "left-pad";')).toContain("no home");
    expect(planted("daemon/verifier/x.ts", 'import { readFileSync } from "node:fs";')).toContain("browser page");
  });

  test("what is allowed is not reported, and comments and strings are not imports", () => {
    expect(planted("daemon/gate/x.ts", 'import { a } from "../evidence/log.ts";\nimport { b } from "../../proto/card.ts";')).toBe("");
    expect(planted("proto/x.ts", '// import { a } from "../daemon/store/db.ts";\n/* import "../daemon/main.ts" */')).toBe("");
  });
});
