import { describe, expect, test } from "bun:test";
import { outcomeOf, placesOf } from "../../testing/checks.ts";
import { BASELINE_FILE_NAME } from "../../../proto/waiver.ts";
import waivers from "./waivers.ts";

const comment = (until: string) => `// maestro-ignore code.debugger -- the tutorial stops here until ${until}`;
const config = (...entries: string[]) => `version: 1\nwaivers:\n${entries.map((entry) => `  - ${entry}\n`).join("")}`;
const entry = (until: string, paths = "[tutorial]") => `{ rule: code.debugger, paths: ${paths}, owner: Ada, reason: the tutorial stops here, until: ${until} }`;
const self = (changes: Parameters<typeof placesOf>[2]) => placesOf(waivers, "waiver.self-added", changes);
const accepting = (path: string, count: number, identity = "a") => ({ rule: "command.lint.no-undef", path, identity: identity.repeat(64), count });
const file = (...findings: object[]) => `${JSON.stringify({ version: 1, findings })}\n`;
const grown = (old: string | null, now: string | null, ...more: Parameters<typeof placesOf>[2]) => outcomeOf(waivers, [{ path: BASELINE_FILE_NAME, old, new: now }, ...more]);

describe("attacks: a change that accepts its own findings", () => {
  test("a comment with the code, a date moved, a comment moved onto another line, one with a typing error", async () => {
    expect(await self([{ path: "a.ts", old: "x();\n", new: `x();\n${comment("2026-12-01")}\ndebugger;\n` }])).toEqual(["a.ts:2"]);
    expect(await self([{ path: "a.ts", old: `${comment("2026-12-01")}\ndebugger;\n`, new: `${comment("2036-12-01")}\ndebugger;\n` }])).toEqual(["a.ts:1"]);
    expect(await self([{ path: "a.ts", old: `${comment("2026-12-01")}\nx();\ny();\nz();\n`, new: `x();\ny();\n${comment("2026-12-01")}\nz();\n` }])).toEqual(["a.ts:3"]);
    expect(await self([{ path: "a.ts", old: "", new: "// maestro-ignore\n" }])).toEqual(["a.ts:1"]);
  });

  test("an entry of maestro.yaml: new, with a later date, with wider paths, in a folder's file, under a new name", async () => {
    expect(await self([{ path: "maestro.yaml", old: null, new: config(entry("2026-12-01")) }])).toEqual(["maestro.yaml:3"]);
    expect(await self([{ path: "maestro.yaml", old: config(entry("2026-12-01")), new: config(entry("2026-12-01"), entry("2026-12-01", "[src]")) }])).toHaveLength(1);
    expect(await self([{ path: "maestro.yaml", old: config(entry("2026-12-01")), new: config(entry("2026-12-01", "['**']")) }])).toHaveLength(1);
    expect(await self([{ path: "pay/maestro.yaml", old: "version: 1\n", new: config(entry("2026-12-01")) }])).toHaveLength(1);
    expect(await self([{ path: "src/maestro.yaml", old_path: "docs/maestro.yaml", old: config(entry("2026-12-01")), new: config(entry("2026-12-01")) }])).toHaveLength(1);
  });

  test("a file nobody could read before may have waived nothing", async () => {
    expect(await self([{ path: "maestro.yaml", old: "version: 1\nversion: 1\n", new: config(entry("2026-12-01")) }])).toHaveLength(1);
  });

  test("lines that were cut may hide one, so there is no answer", async () => {
    expect((await outcomeOf(waivers, [{ path: "a.ts", old: null, new: "x();\n", truncated: true }])).result).toBe("unavailable");
  });
});

describe("nobody is held for taking a waiver away", () => {
  test("comments and entries that go, or stay where they are", async () => {
    expect(await self([{ path: "a.ts", old: `${comment("2026-12-01")}\ndebugger;\n`, new: "x();\n" }])).toEqual([]);
    expect(await self([{ path: "a.ts", old: `${comment("2026-12-01")}\nx();\n`, new: `${comment("2026-12-01")}\ny();\n` }])).toEqual([]);
    expect(await self([{ path: "maestro.yaml", old: config(entry("2026-12-01"), entry("2027-01-01")), new: config(entry("2027-01-01")) }])).toEqual([]);
    expect(await self([{ path: "maestro.yaml", old: config(entry("2026-12-01")), new: null }])).toEqual([]);
    expect(await self([{ path: "b.ts", old_path: "a.ts", old: `${comment("2026-12-01")}\nx();\ny();\nz();\n`, new: `${comment("2026-12-01")}\nx();\ny();\nzz();\n` }])).toEqual([]);
  });
});

describe("the baseline file may only shrink", () => {
  test("fewer entries, a lower count, another order, and a file that takes its entries along", async () => {
    expect((await grown(file(accepting("a.ts", 2), accepting("b.ts", 1)), file(accepting("a.ts", 1)))).result).toBe("pass");
    expect((await grown(file(accepting("a.ts", 1), accepting("b.ts", 1)), file(accepting("b.ts", 1), accepting("a.ts", 1)))).result).toBe("pass");
    expect((await grown(file(accepting("a.ts", 1)), file(accepting("c.ts", 1)), { path: "c.ts", old_path: "a.ts", old: "x\ny\nz\n", new: "x\ny\nz\n" })).result).toBe("pass");
    expect((await grown(file(accepting("a.ts", 1)), null)).result).toBe("pass");
  });

  test.each([
    ["adoption is for a person to see, too", null, file(accepting("a.ts", 1))],
    ["attack: one more of the same", file(accepting("a.ts", 1)), file(accepting("a.ts", 2))],
    ["attack: the same twice instead of a higher count", file(accepting("a.ts", 1)), file(accepting("a.ts", 1), accepting("a.ts", 1))],
    ["attack: another finding in place of an old one", file(accepting("a.ts", 1)), file(accepting("a.ts", 1, "b"))],
    ["attack: another path without a rename", file(accepting("a.ts", 1)), file(accepting("c.ts", 1))],
    ["attack: a file that nobody can read", file(accepting("a.ts", 1)), "{"],
    ["attack: a key twice, of which readers see different ones", file(accepting("a.ts", 1)), '{"version":1,"findings":[],"findings":[]}'],
  ])("%s", async (_, old, now) => {
    const { findings } = await grown(old, now);
    expect(findings.map(({ rule }) => rule)).toEqual(["baseline.grown"]);
  });

  test("attack: a renamed file's entry under both names, of which the old one waits for the next file there", async () => {
    const renamed = { path: "c.ts", old_path: "a.ts", old: "x\ny\nz\n", new: "x\ny\nz\n" };
    expect((await grown(file(accepting("a.ts", 2)), file(accepting("a.ts", 2), accepting("c.ts", 2)), renamed)).findings.map(({ message }) => message)).toEqual([expect.stringContaining("accepts 2 more")]);
    expect((await grown(file(accepting("a.ts", 2)), file(accepting("a.ts", 1), accepting("c.ts", 1)), renamed)).result).toBe("pass");
  });
});
