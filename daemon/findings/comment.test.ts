import { describe, expect, test } from "bun:test";
import { speaksOf } from "../checking/border.ts";
import { inlineWaivers, mentionsWaiver, type InlineWaiver } from "./comment.ts";

const bare = ({ rule, reason, until }: InlineWaiver) => ({ rule, reason, until });
const one = (line: string, path = "src/a.ts") => inlineWaivers(line, path).map(bare)[0] ?? null;
const expected = { rule: "code.debugger", reason: "the tutorial stops here on purpose", until: "2026-12-01" };
const said = "maestro-ignore code.debugger -- the tutorial stops here on purpose until 2026-12-01";

describe("comment styles", () => {
  test.each([
    [`// ${said}`, "a.ts"], [`# ${said}`, "a.py"], [`-- ${said}`, "a.sql"], [`/* ${said} */`, "a.css"], [`<!-- ${said} -->`, "a.md"], [`; ${said}`, "a.ini"], [`% ${said}`, "a.erl"],
    [`rem ${said}`, "a.bat"], [`REM ${said}`, "a.bat"], [`:: ${said}`, "a.cmd"], [`' ${said}`, "a.vb"], [`" ${said}`, "a.vim"], [`(* ${said} *)`, "a.ml"], [`{- ${said} -}`, "a.hs"],
    [`{/* ${said} */}`, "a.tsx"], [`   debugger; // ${said}`, "a.ts"], [` * ${said}`, "a.java"], [`//${said}`, "a.ts"], [`dnl ${said}`, "configure.ac"],
  ])("%s", (line, path) => {
    expect(one(line, path)).toEqual(expected);
    expect(mentionsWaiver(line, path)).toBe(true);
  });

  test("prose is only waived by what its readers do not see", () => {
    expect(one(`// ${said}`, "docs/a.md")).toBeNull();
    expect(mentionsWaiver(`    # ${said}`, "README.md")).toBe(false);
    expect(one(`<!-- ${said} -->`, "README.md")).toEqual(expected);
  });
});

describe("what is said", () => {
  test("several rules, a whole tool, a reason with a date-like end and dashes", () => {
    expect(inlineWaivers("# maestro-ignore code.debugger, command.lint.* -- why -- not until later until 2027-01-31", "a.py").map(bare)).toEqual([
      { rule: "code.debugger", reason: "why -- not until later", until: "2027-01-31" },
      { rule: "command.lint.*", reason: "why -- not until later", until: "2027-01-31" },
    ]);
  });

  test("without a reason or a date it is still seen, and says so", () => {
    expect(one("// maestro-ignore code.debugger")).toEqual({ rule: "code.debugger", reason: "", until: null });
    expect(one("// maestro-ignore code.debugger -- because")).toEqual({ rule: "code.debugger", reason: "because", until: null });
    expect(one("// maestro-ignore code.debugger -- until 2026-12-01")).toEqual({ rule: "code.debugger", reason: "", until: "2026-12-01" });
  });

  test.each(["const a = maestro-ignore;", "maestro-ignore code.debugger -- x until 2026-12-01", "// maestro-ignored code.debugger -- x", "premaestro-ignore x"])("no waiver: %s", (line) => {
    expect(one(line)).toBeNull();
  });

  test.each(["*", "secret.*.*", ".*", "Code.Debugger", "a b", "../x"])("attack: %p is no rule, and never every rule", (rule) => {
    expect(inlineWaivers(`// maestro-ignore ${rule} -- x until 2026-12-01`, "a.ts")).toEqual([]);
    expect(mentionsWaiver(`// maestro-ignore ${rule} -- x until 2026-12-01`, "a.ts")).toBe(true);
  });

  test("attack: in a line nobody reads to its end it does not count, and is still noticed", () => {
    const long = `${"x".repeat(3_000)} // ${said}`;
    expect(inlineWaivers(long, "a.ts")).toEqual([]);
    expect(mentionsWaiver(long, "a.ts")).toBe(true);
  });

  test("beside code it speaks of its own line alone", () => {
    expect([`debugger; // ${said}`, `  // ${said}`, `{/* ${said} */}`, ` * ${said}`].map((line) => inlineWaivers(line, "a.tsx")[0]?.alone)).toEqual([false, true, true, true]);
  });

  test("a family of rules is its members and not its neighbours", () => {
    expect([speaksOf("command.lint.*", "command.lint.no-undef"), speaksOf("command.lint.*", "command.linter.x"), speaksOf("command.lint.*", "command.lint"), speaksOf("code.debugger", "code.debugger"), speaksOf("code", "code.debugger")]).toEqual([true, false, false, true, false]);
  });
});
