import { expect, test } from "bun:test";
import type { Card } from "../../../proto/card.ts";
import { renderMarkdown } from "./markdown.ts";
import { renderTerminal } from "./terminal.ts";
import { admitted, card } from "./testing/card.ts";

const OBLIGATIONS: NonNullable<Card["obligations"]> = [
  { name: "coverage.line", kind: "numeric", required: true, result: "fail", observer: "sandbox", value: "7999", unit: "percent", scale: 2, min: "8000", max: null, because: null },
  { name: "bundle.bytes", kind: "numeric", required: false, result: "pass", observer: "job", value: "250000", unit: "byte", scale: 0, min: null, max: "250000", because: null },
  { name: "types.ok", kind: "boolean", required: true, result: "unavailable", observer: "job", value: null, unit: null, scale: 0, min: null, max: null, because: "it is not UTF-8" },
];

test("every obligation stands on a terminal with its value, unit, bound and whose word it is, admitted or not", () => {
  const lines = [
    "  ✗  coverage.line          fail, required",
    "     79.99 percent, at least 80.00 is required (measured in the sandbox)",
    "  ✓  bundle.bytes           pass",
    "     250000 byte, at most 250000 is required (handed in by the job)",
    "  ?  types.ok               unavailable, required",
    "     it is not UTF-8 (handed in by the job)",
  ].join("\n");
  for (const one of [card({ obligations: OBLIGATIONS }), admitted({ obligations: OBLIGATIONS })]) expect(renderTerminal(one)).toContain(lines);
});

test("and in Markdown", () => {
  expect(renderMarkdown(card({ obligations: OBLIGATIONS }))).toContain(`**Obligations**

- **fail** (required) \`coverage.line\`: \`79.99 percent, at least 80.00 is required (measured in the sandbox)\`
- **pass** \`bundle.bytes\`: \`250000 byte, at most 250000 is required (handed in by the job)\`
- **unavailable** (required) \`types.ok\`: \`it is not UTF-8 (handed in by the job)\``);
  expect(renderMarkdown(card())).not.toContain("Obligations");
});
