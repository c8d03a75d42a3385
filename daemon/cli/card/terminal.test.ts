import { describe, expect, test } from "bun:test";
import type { Card } from "../../../proto/card.ts";
import { renderTerminal } from "./terminal.ts";
import { admitted, card, hostileCard, PROOF, REASONS, TIMINGS } from "./testing/card.ts";
import { activeCharacters, commandLines, HOSTILE } from "./testing/hostile.ts";

const BUNDLE = "/var/lib/maestro/bundles/6c1e9a0f.json";
const lines = (change: Partial<Card> = {}, options: Parameters<typeof renderTerminal>[1] = {}) => renderTerminal(card(change), options).split("\n");

test("a hold, as a person sees it", () => {
  expect(renderTerminal(card(), { proof: PROOF, timings: TIMINGS, bundle: BUNDLE })).toBe(`HOLD  colinhacks/zod  92f47984b  "chore: fail on stacked line comments"
      agent "Claude Opus 5" (claimed, by trailer), author "Colin McDonnell"
      63 files +425 -438, base 436b5da87 of main, policy default@1, mode local

  !  ci.changed             .github/workflows/test.yml:57
     CI configuration changed by an agent: .github/workflows/test.yml runs
     other commands
     | + - run: pnpm check:comments
  !  guard.self-edit        AGENTS.md:20,36,39 (+1 file)
     rules that guard this repository changed by an agent: AGENTS.md tells
     agents what to do
  ·  2 checks with findings ci guards
  ✓  5 checks passed        paths secrets size tests text
  ·  1 check not applicable dependencies

  Why   2 rules hold it: ci.changed, guard.self-edit
        findings are not compared with those already at the base
  Next  move these files into a change of their own (minutes, ci.changed)
        ask a person who is not the author to look at it (a person, ci.changed)
        maestro explain ci.changed
  Cost  agent usage not reported
        gate 1.10 s: facts 0.20 checks 0.70 policy 0.02 evidence 0.18
  Proof log 4182 of demo.maestro.invalid, bundle 6c1e9a0f
        signed under a self-made trust file: proves integrity, not authority
        maestro verify /var/lib/maestro/bundles/6c1e9a0f.json
  From  commit 92f47984b, manifest cccccccc; maestro lineage aaaaaaaaaa
`);
});

test("an admit is short", () => {
  expect(renderTerminal(admitted(), { proof: { ...PROOF, self_made_trust: false } })).toBe(`ADMIT  colinhacks/zod  92f47984b  "chore: fail on stacked line comments"
       agent "Claude Opus 5" (claimed, by trailer), author "Colin McDonnell"
       63 files +425 -438, base 436b5da87 of main, policy default@1, mode local
  Ok    8 checks passed, agent usage not reported
  Proof log 4182 of demo.maestro.invalid, bundle 6c1e9a0f
  From  commit 92f47984b, manifest cccccccc; maestro lineage aaaaaaaaaa
`);
});

describe("nothing unknown is folded away", () => {
  const unavailable = { check: "secrets", result: "unavailable", required: true, because: "killed at its deadline", findings: 0 } as const;

  test("unavailable stands before everything that passed, with its reason, in a hold and in an admit", () => {
    for (const text of [renderTerminal(card({ checks: [...card().checks, unavailable] })), renderTerminal(admitted({ checks: [...card().checks, unavailable] }))]) {
      const at = text.search(/\?\s+secrets\s+unavailable, required\n\s+killed at its deadline/);
      expect(at).toBeGreaterThan(0);
      expect(at).toBeLessThan(text.search(/passed/));
    }
  });

  test("every unavailable check has its own line", () => {
    const many = Array.from({ length: 30 }, (_, i) => ({ ...unavailable, check: `check-${i}` }));
    expect(lines({ checks: many }).filter((line) => line.includes("unavailable, required"))).toHaveLength(30);
  });

  test("what was not looked at, and how much more of it there is", () => {
    const gaps = Array.from({ length: 7 }, (_, i) => ({ what: `f${i}`, because: "binary" }));
    const text = renderTerminal(admitted({ gaps }));
    expect(text).toContain("not looked at: f0 (binary)");
    expect(text).toContain("2 more gaps, listed by --json");
  });

  test("more reasons than fit are counted", () => {
    const reasons = Array.from({ length: 45 }, (_, i) => ({ ...REASONS[0]!, rule: `rule.r${i}` }));
    expect(lines({ reasons }).join("\n")).toContain("5 more reasons, listed by --json");
  });

  test("an observing rule says what it would have done", () => {
    const text = renderTerminal(admitted({ reasons: [{ ...REASONS[0]!, observed: true, effect: "refuse" }] }));
    expect(text).toContain("○  ci.changed");
    expect(text).toContain("would refuse (the rule only observes): CI configuration changed");
  });

  test("a replay says that it leaves no evidence", () => {
    expect(lines({ gate_id: null }, { proof: PROOF }).join("\n")).toContain("Proof none: a replay leaves no evidence");
  });

  test("a warning to the operator is printed", () => {
    expect(renderTerminal(admitted({ warnings: ["history was cut at 20000 commits"] }))).toContain("  Note  history was cut at 20000 commits");
  });
});

describe("cost", () => {
  test.each([
    [{ reported: false, micro_usd: null }, "agent usage not reported"],
    [{ reported: true, micro_usd: null }, "agent usage not reported"],
    [{ reported: true, micro_usd: "180000" }, "$0.18"],
    [{ reported: true, micro_usd: "1" }, "$0.01"],
    [{ reported: true, micro_usd: "0" }, "$0.00"],
    [{ reported: true, micro_usd: "123456789012" }, "$123456.79"],
  ])("%j is %s", (cost, text) => {
    expect(lines({ cost })).toContain(`  Cost  ${text}`);
  });
});

describe("a terminal without colour, or without UTF-8", () => {
  test("colour stands on the verdict word alone, and only when asked for", () => {
    const plain = renderTerminal(card());
    expect(plain).not.toContain("\u001b");
    const coloured = renderTerminal(card(), { colour: true });
    expect(coloured.startsWith("\u001b[33mHOLD\u001b[0m  ")).toBeTrue();
    expect(coloured.replace("\u001b[33mHOLD\u001b[0m", "HOLD")).toBe(plain);
  });

  test("every byte is ASCII when asked for", () => {
    const text = renderTerminal(card({ title: "größer 日本", reasons: [{ ...REASONS[0]!, ranges: [{ path: { u: "ü.ts" }, start_line: 1, end_line: 1 }] }] }), { ascii: true });
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
    expect(text).toContain("gr\\xf6\\xdfer");
    expect(text).toContain("\\xfc.ts:1");
    expect(text).toContain("  ok 5 checks passed");
  });
});

describe("a hostile commit subject, name, file name, diff and reason", () => {
  test.each(HOSTILE)("%s", (_attack, text) => {
    for (const ascii of [false, true]) {
      const shown = renderTerminal(hostileCard(text), { ascii, proof: PROOF, timings: TIMINGS });
      expect(activeCharacters(shown)).toEqual([]);
      expect(commandLines(shown)).toEqual([]);
      for (const line of shown.split("\n")) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(80);
    }
  });

  test.each(HOSTILE)("%s: no line but the first starts with a verdict", (_attack, text) => {
    const [first, ...rest] = renderTerminal(hostileCard(text)).split("\n");
    expect(first).toStartWith("HOLD");
    expect(rest.filter((line) => /^\s*(?:ADMIT|REFUSE|HOLD)\b/.test(line) && !line.startsWith("     "))).toEqual([]);
  });

  test("a path that is not plain is quoted, so it cannot pass for a line number or a remark", () => {
    const reason = { ...REASONS[0]!, ranges: [{ path: { u: "a.ts:3 (reviewed)" }, start_line: 7, end_line: 7 }] };
    expect(lines({ reasons: [reason] })[4]).toBe('  !  ci.changed             "a.ts:3 (reviewed)":7');
  });

  test("a long excerpt is cut, and says so", () => {
    const shown = lines({ reasons: [{ ...REASONS[0]!, excerpt: "a\nb\r\nc\nd\ne" }] });
    expect(shown.filter((line) => line.startsWith("     | "))).toEqual(["     | a", "     | b", "     | c", "     | (2 more lines)"]);
  });
});
