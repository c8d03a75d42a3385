/** Paths that differ in what nobody sees differ in every face. */
import { expect, test } from "bun:test";
import type { Card } from "../../../proto/card.ts";
import type { Counterexample } from "../../../proto/counterexample.ts";
import type { PathBytes } from "../../../proto/scalar.ts";
import { renderJunit } from "../outputs/junit.ts";
import { found, report } from "../outputs/testing/report.ts";
import { counterexampleText } from "./counterexample.ts";
import { renderMarkdown } from "./markdown.ts";
import { renderTerminal } from "./terminal.ts";
import { card, PROOF } from "./testing/card.ts";

/** A line feed; a backslash and an n; quotes around nothing odd; a byte that is no text, and another one. */
const PATHS: readonly PathBytes[] = [{ u: "src/a\nb.ts" }, { u: "src/a\\nb.ts" }, { u: '"src/a\\nb.ts"' }, { b64: btoa("src/a\xffb.ts") }, { b64: btoa("src/a\xfeb.ts") }];

const cardAt = (path: PathBytes): Card => card({ reasons: card().reasons.slice(0, 1).map((reason) => ({ ...reason, ranges: [{ path, start_line: 7, end_line: 7 }] })) });
const cexAt = (path: PathBytes): Counterexample => ({
  type: "maestro.cex/v1", invariant: "a.b", engine: "tlc", message: "breaks", inputs: null, trace: [{ action: "Init", location: { path, start_line: 7, end_line: 7 }, state: {} }],
  loop_at: null, stutter: false, seed: null, path: null, smt2_sha256: null, spec_sha256: null, replay: { command: ["maestro"], verdict: "reproduced" },
});

const FACES: Readonly<Record<string, (path: PathBytes) => string>> = {
  terminal: (path) => renderTerminal(cardAt(path), { colour: false, ascii: false }),
  "terminal without UTF-8": (path) => renderTerminal(cardAt(path), { colour: false, ascii: true }),
  Markdown: (path) => renderMarkdown(cardAt(path), PROOF, null),
  JUnit: (path) => renderJunit(report({ found: { findings: [found({ range: { path, start_line: 7, end_line: 7 } })], cut: 0 } })).replaceAll("&quot;", '"'),
  counterexample: (path) => counterexampleText(cexAt(path)),
};

test.each(Object.keys(FACES))("%s: no two paths look the same, and each is written in one manner", (name) => {
  const shown = PATHS.map((path) => FACES[name]!(path));
  expect(new Set(shown).size).toBe(PATHS.length);
  const written = ['"src/a\\nb.ts":7', '"src/a\\\\nb.ts":7', '"\\"src/a\\\\nb.ts\\"":7', '"src/a\\377b.ts":7', '"src/a\\376b.ts":7'];
  for (const [i, text] of shown.entries()) expect(text).toContain(written[i]!);
});

test("two names that differ in one byte that is no text are two files", () => {
  const two = PATHS.slice(3).map((path) => ({ path, start_line: 7, end_line: 7 }));
  expect(renderTerminal(card({ reasons: card().reasons.slice(0, 1).map((reason) => ({ ...reason, ranges: two })) }), { colour: false, ascii: false })).toContain("(+1 file)");
});
