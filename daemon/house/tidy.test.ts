import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { orphans, unusedExports } from "./exports.ts";
import { longFunctions } from "./functions.ts";
import { committedRatchet, compare, countAll, grown, readRatchet } from "./ratchet.ts";
import { RULES, vagueName } from "./rules.ts";
import { readSources, ROOT, source, withoutComments, withoutStrings } from "./sources.ts";

const files = readSources();

/** Files nothing of ours imports or starts, and who does. */
const REACHED_FROM_OUTSIDE = new Map([
  ["kernels/wasm.d.ts", "the compiler"],
  ["daemon/ui/page/jquery.d.ts", "the compiler"],
  ["kernels/merkle/vectors/generate.ts", "whoever makes the vectors anew"],
]);

describe("house rules", () => {
  const found = countAll(files);
  for (const { name, instead } of [...RULES, { name: "unused-export", instead: "drop the word export, or what it exports" }]) {
    test(`${name}: ${instead}`, () => {
      const allowed = readRatchet();
      expect(compare({ [name]: found[name] ?? {} }, { [name]: allowed[name] ?? {} })).toEqual([]);
    });
  }

  test("the ratchet names rules that exist and did not grow since the last commit", () => {
    const names = [...RULES.map((rule) => rule.name), "unused-export"];
    expect(Object.keys(readRatchet()).filter((name) => !names.includes(name))).toEqual([]);
    expect(grown(readRatchet(), committedRatchet() ?? readRatchet())).toEqual([]);
  });

  test("names say what a file holds", () => {
    expect(files.map(({ path }) => path).filter(vagueName)).toEqual([]);
  });

  test("every file is reached from somewhere", () => {
    const configured = ["package.json", "bunfig.toml", "daemon/bootstrap/run.mjs", "daemon/bootstrap/maestro.mjs", "daemon/bootstrap/tla2tools.mjs"].map((path) => readFileSync(join(ROOT, path), "utf8")).join("\n");
    // `bench/index.ts` finds its benches by looking into its folder.
    const others = files.filter(({ path }) => path !== "daemon/house/tidy.test.ts");
    expect(orphans(others, configured).filter((path) => !path.startsWith("bench/"))).toEqual([...REACHED_FROM_OUTSIDE.keys()].sort());
  }, 60_000);
});

describe("canary: each rule catches what it forbids and lets the rest be", () => {
  const hits = (name: string, path: string, text: string) => RULES.find((rule) => rule.name === name)!.find(source(path, text)).length;
  const planted: readonly (readonly [rule: string, path: string, text: string])[] = [
    ["long-file", "daemon/x.ts", "\n".repeat(401)],
    ["long-function", "daemon/x.ts", `function f(a: string): number {\n${"a;\n".repeat(70)}}`],
    ["any", "daemon/x.ts", "const a: any = 1;"],
    ["any", "daemon/x.ts", "const a: Map<string, any> = b;"],
    ["any", "daemon/x.ts", "const a = b as any;"],
    ["any", "daemon/x.ts", "function f<T extends any>(): Promise<any> {}"],
    ["double-cast", "daemon/x.ts", "const a = b as unknown as C;"],
    ["ts-ignore", "daemon/x.ts", "// @ts-ignore\n"],
    ["empty-catch", "daemon/x.ts", "try { f(); } catch {}"],
    ["empty-catch", "daemon/x.ts", "try { f(); } catch (error) {\n  // never mind\n}"],
    ["console", "daemon/gate/x.ts", "console.log(1);"],
    ["environment", "daemon/gate/x.ts", 'const a = process.env["HOME"];'],
    ["impure", "daemon/market/core.ts", "const now = Date.now();"],
    ["impure", "daemon/gate/decide.ts", "const dice = Math.random();"],
    ["impure", "daemon/verifier/x.ts", "const file = Bun.file(path);"],
    ["leftover", "daemon/x.ts", "// TODO: later"],
    ["focused-test", "daemon/x.test.ts", 'test.only("a", () => {});'],
  ];
  for (const [rule, path, text] of planted) {
    test(`${rule}: ${text.trim().slice(0, 40)}`, () => expect(hits(rule, path, text)).toBeGreaterThan(0));
  }

  test("words in comments and strings, and the same thing where it is allowed, are let be", () => {
    expect(hits("any", "daemon/x.ts", '// : any\nconst a = ": any"; const any = 1; f(any); any.b; (any.c === 1);')).toBe(0);
    expect(hits("console", "daemon/cli/x.ts", "console.log(1);")).toBe(0);
    expect(hits("environment", "daemon/config/environment.ts", "process.env;")).toBe(0);
    expect(hits("impure", "daemon/platform/clock.ts", "Date.now();")).toBe(0);
    expect(hits("empty-catch", "daemon/x.ts", "try { f(); } catch { return null; }")).toBe(0);
    expect(hits("long-function", "daemon/x.ts", `if (a) {\n${"b;\n".repeat(100)}}\nconst table = {\n${"c: 1,\n".repeat(100)}};`)).toBe(0);
  });

  test("functions of every form are measured", () => {
    const body = `{\n${"a;\n".repeat(5)}}`;
    for (const head of ["function f() ", "const f = () => ", "const f = async (a: string): Promise<void> => ", "class A { m(a: () => void): string ", "x.map((a) => ", "function f(a = { b: 1 }): Map<string, number> "]) {
      expect(longFunctions(head + body, 6)).toHaveLength(1);
      expect(longFunctions(head + body, 7)).toHaveLength(0);
    }
  });

  test("comments go and strings stay, whatever one of them looks like in the other", () => {
    expect(withoutComments('a("// no"); // yes\nb(`/* no */`); /* yes */ c(/[/"]\\/\\//);')).toBe('a("// no");       \nb(`/* no */`);           c(/[/"]\\/\\//);');
    expect(withoutStrings('a("any") // b').trim()).toBe('a("   ")');
  });

  test("an unused export, an orphan, a vague name and a grown ratchet are noticed", () => {
    const a = source("daemon/a.ts", "export const used = 1;\nexport function alone() {}\nexport class Lonely {}\nexport interface Shape {}");
    const b = source("daemon/b.ts", 'import { used } from "./a.ts";\n// alone, Lonely, ./b.ts');
    expect(unusedExports([a, b])).toEqual(["daemon/a.ts alone", "daemon/a.ts Lonely"]);
    expect(orphans([a, b], "")).toEqual(["daemon/b.ts"]);
    expect(orphans([a, b], "daemon/b.ts")).toEqual([]);
    expect(["daemon/x/utils.ts", "daemon/common/a.ts", "daemon/job-manager.ts", "daemon/service.ts"].filter(vagueName)).toHaveLength(3);
    expect(grown({ any: { "a.ts": 2, "b.ts": 1 } }, { any: { "a.ts": 1, "b.ts": 1 } })).toEqual(["any a.ts"]);
    expect(compare({ any: { "a.ts": 2 } }, { any: { "a.ts": 1, "b.ts": 1 } })).toHaveLength(2);
  });
});
