/** A counterexample as lines for a person. Each face hands in its own escaper: names, values and actions may come from the change. Pure. */
import type { Card } from "../../../proto/card.ts";
import type { CexFields, CexStep, Counterexample } from "../../../proto/counterexample.ts";
import { cexText, changedBy, readCex } from "../../verifier/counterexample.ts";
import { escapeMarkdown } from "./escape/markdown.ts";
import { escapeTerminal } from "./escape/terminal.ts";
import { typed } from "../../verifier/words/typed.ts";
import { visiblePath } from "../../verifier/visible.ts";

const STEPS_SHOWN_MAX = 40;
const VALUE_CHARACTERS_MAX = 200;
/** Of all counterexamples of a card together: what to do and where the evidence lies stands below them, and a comment has an end. */
const CARD_LINES_MAX = 100;
const CARD_LINE_CHARACTERS_MAX = 400;

const cut = (text: string): string => (text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX).toWellFormed()}...` : text);
const fieldTexts = (fields: CexFields): string[] => Object.entries(fields).map(([name, value]) => `${name} = ${cut(cexText(value))}`);

function stepTexts(trace: readonly CexStep[]): string[] {
  const from = Math.max(0, trace.length - STEPS_SHOWN_MAX);
  // The end is where it breaks, so a long trace loses its beginning, and says so.
  const left_out = from === 0 ? [] : [`${from} earlier steps are left out here`];
  return [...left_out, ...trace.slice(from).flatMap((step, i) => {
    const at = from + i;
    const where = step.location === null ? "" : ` at ${visiblePath(step.location.path)}:${step.location.start_line}`;
    const fields = fieldTexts(changedBy(step, at === from ? undefined : trace[at - 1]));
    return [`${at}. ${step.action}${where}${fields.length === 0 && at > from ? " (nothing changes)" : ""}`, ...fields.map((text) => `   ${text}`)];
  })];
}

/** Plain lines, raw: whoever shows them escapes each. A counterexample that did not reproduce has none: it is none. */
export function counterexampleLines({ invariant, engine, message, inputs, trace, loop_at, stutter, seed, path, replay }: Counterexample): readonly string[] {
  if (replay.verdict !== "reproduced") return [];
  const end = loop_at !== null ? [`and back to step ${loop_at}, for ever`] : stutter ? ["and nothing happens any more"] : [];
  const again = seed === null ? "" : ` (seed ${seed}${path === null ? "" : `, path ${path}`})`;
  return [`${invariant} breaks: ${message}`, ...(inputs === null ? stepTexts(trace ?? []) : fieldTexts(inputs)), ...end, `found by ${engine}${again}; see it with ${typed(replay.command)}`];
}

export const counterexampleText = (cex: Counterexample): string => counterexampleLines(cex).map((line) => escapeTerminal(line)).join("\n");

/** A list, each line in its own code span. */
export const counterexampleMarkdown = (cex: Counterexample): string => counterexampleLines(cex).map((line) => `- ${escapeMarkdown(line)}`).join("\n");

const shownOf = (cex: Counterexample | null): readonly string[] => (cex === null ? [] : counterexampleLines(cex));

/** What breaks, the end of the way to it, and how to see it; the last line is a command, and whole. */
function fitted(lines: readonly string[], lines_max: number): readonly string[] {
  const [head = "", ...rest] = lines.map((line, i) => (i === lines.length - 1 || line.length <= CARD_LINE_CHARACTERS_MAX ? line : `${line.slice(0, CARD_LINE_CHARACTERS_MAX).toWellFormed()}...`));
  const left_out = lines.length - lines_max;
  return left_out <= 0 ? [head, ...rest] : [head, `${left_out + 1} lines are left out here; maestro cex show BUNDLE has them`, ...rest.slice(left_out + 1)];
}

/** Of every counterexample of a card, raw: whoever shows them escapes each. */
export function cardCexLines({ counterexamples }: Pick<Card, "counterexamples">): readonly string[] {
  if (counterexamples === undefined) return [];
  const { listed, more } = counterexamples;
  const shown = listed.flatMap(({ rule, sha256, document }) => {
    const lines = document === null ? [] : shownOf(readCex(document));
    const where = `document counterexample/${sha256.slice(0, 32)}.json of the bundle`;
    if (document === null) return [`${rule}: too long for a card; it is the ${where}`];
    if (lines.length > 0) return fitted(lines, Math.floor(CARD_LINES_MAX / listed.length));
    return [`${rule}: what stands here is no counterexample that was seen to break; the ${where} has its bytes`];
  });
  return more === 0 ? shown : [...shown, `and ${more} more, in the bundle and in --json`];
}
