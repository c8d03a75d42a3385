/** Megabytes made to be slow: no check may spend longer on them than a gate has. */
import { describe, expect, test } from "bun:test";
import { outcomeOf } from "../../testing/checks.ts";
import type { TextChange } from "../../testing/facts.ts";
import { randomText } from "../../testing/tokens.ts";
import type { Check } from "./check.ts";
import { CHECKS } from "./index.ts";

const MEGABYTE = 1024 * 1024;
const DEADLINE_MS = 2000;
const fill = (piece: string, length = MEGABYTE) => piece.repeat(Math.ceil(length / piece.length)).slice(0, length);
/** Text of many short lines is parsed line by line; a quarter shows a square as well as the whole does. */
const quarter = (piece: string) => fill(piece, MEGABYTE / 4);

/** Each is one line unless its name says otherwise, and aims at one way of repeating. */
const TEXTS: [string, string][] = [
  ["one letter", fill("a")], ["spaces", fill(" ")], ["spaces before an end", `${fill(" ")}x`], ["quotes", fill("'\"`")], ["backslashes in a string", `"${fill("\\")}`], ["comment openings", fill("/*")],
  ["hashes", fill("# ")], ["tokens", quarter(`ghp_${randomText("t", 36)} `)], ["token prefixes", fill("ghp_npm_xoxb-sk-ant-")], ["address beginnings", fill("https://a:")], ["credentials in addresses", fill("mongodb://u:p@h/")],
  ["PEM beginnings", fill("-----BEGIN PRIVATE KEY-----")], ["PEM body", `-----BEGIN PRIVATE KEY-----${fill("A")}`], ["expression openings", fill("${{ github.event[")], ["test calls", fill("it.only.skip(")], ["dotted test calls", `it${fill(".a")}`],
  ["keywords", fill("debugger breakpoint pdb else ")], ["attribute openings", fill("#[a::")], ["brackets", fill("[")], ["braces", fill("{")], ["JSON nesting", fill("{\"a\":")], ["base64", randomText("b", MEGABYTE)],
  ["many short lines", quarter("a\n")], ["line breaks", quarter("\n")], ["many markers, in lines", quarter(`${"<".repeat(7)} a\n${">".repeat(7)} b\n`)], ["YAML keys, in lines", Array.from({ length: 20_000 }, (_, i) => `k${i}: ${i}\n`).join("")],
  ["YAML list nesting", fill("- ")], ["YAML anchors, in lines", `a: &a x\n${quarter("b: *a\n")}`], ["lock blocks, in lines", quarter("[[package]]\nname = \"a\"\nversion = \"1\"\n")], ["direction controls", fill("\u202e")], ["half a surrogate pair", fill("\ud800")],
];
const LOCKS = ["pnpm-lock.yaml", "package-lock.json", "yarn.lock", "bun.lock", "Cargo.lock", "go.sum", "package.json", "Cargo.toml", "requirements.txt", "go.mod", ".npmrc"];
/** What each check reads beyond any text file. */
const PATHS: Readonly<Record<string, readonly string[]>> = { dependencies: LOCKS, ci: [".github/workflows/ci.yml"], tests: ["a.test.ts", "test/test_a.py", "a_test.go", "src/a.rs"], text: ["a.test.ts", "test/test_a.py"] };
const CASES = CHECKS.flatMap((check: Check) => (PATHS[check.id] ?? ["src/a.ts"]).map((path) => [check.id, path, check] as const));

describe.each(CASES)("%s: %s", (_, path, check) => {
  test("stays under its deadline on every text", async () => {
    const slow: string[] = [];
    for (const [name, text] of TEXTS) {
      // A parser that reads the whole file gets a quarter; its limits, not its speed, are what counts here.
      const given = check.id === "dependencies" ? text.slice(0, MEGABYTE / 4) : text;
      const change: TextChange[] = [{ path, old: null, new: given }];
      const [start, cpu] = [performance.now(), process.cpuUsage()];
      await outcomeOf(check, change);
      const used = process.cpuUsage(cpu);
      // A busy machine stretches the clock, and the collector's own threads the processor time: the work is the lesser of the two.
      const elapsed = Math.min(performance.now() - start, (used.user + used.system) / 1000);
      if (elapsed > DEADLINE_MS) slow.push(`${name}: ${Math.round(elapsed)} ms`);
    }
    expect(slow).toEqual([]);
  }, 120_000);
});
