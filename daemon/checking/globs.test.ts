import { describe, expect, test } from "bun:test";
import { pathMatcher } from "./globs.ts";

describe("attack: a path as people write it elsewhere is no glob that quietly matches nothing", () => {
  test.each([
    ["src/pay/", "src/pay/a.ts"],
    ["/src/pay", "src/pay/a.ts"],
    ["/src/pay/**", "src/pay/a.ts"],
    ["./src/pay", "src/pay/a.ts"],
    [".//src/pay//", "src/pay/a.ts"],
    ["src/**/", "src/pay/a.ts"],
    ["/", ".github/workflows/a.yml"],
    [".", "a"],
    ["./", "a/b"],
  ])("%s names %s", (pattern, path) => {
    expect(pathMatcher(pattern)(path)).toBe(true);
  });

  test("and names no more than it says", () => {
    for (const pattern of ["src/pay/", "/src/pay", "./src/pay/**"]) for (const path of ["src/payment", "src", "x/src/pay/a", "pay"]) expect([pattern, path, pathMatcher(pattern)(path)]).toEqual([pattern, path, false]);
    expect(pathMatcher(".github")("github/a")).toBe(false);
    expect(pathMatcher("../a")("a")).toBe(false);
  });
});
