/** The Decision Card on a terminal: 80 columns, no box, colour on the verdict word alone. */
import type { Card, CardCheck, CardProof, Timings } from "../../../proto/card.ts";
import type { Reason, Verdict } from "../../../proto/decision.ts";
import type { PathBytes } from "../../../proto/scalar.ts";
import type { ChangeCost } from "../../../proto/usage.ts";
import { billTexts, costNowText } from "../../verifier/words/bill.ts";
import { cardCexLines } from "./counterexample.ts";
import { learnedLines } from "../../verifier/words/learned.ts";
import { failedTexts } from "../../verifier/words/failed-tests.ts";
import { escapeTerminal, quoteTerminal } from "./escape/terminal.ts";
import { fit, pad, width, wrap } from "./layout.ts";
import { releaseText } from "../../verifier/words/released.ts";
import { actorText, becauseText, branch, comparedTexts, lineageText, obligationText, placeText, plural, reusedTexts, short, stepText, timingTexts, whyText } from "../../verifier/words/card.ts";
import { typed } from "../../verifier/words/typed.ts";
import { visiblePath } from "../../verifier/visible.ts";

export interface TerminalOptions {
  readonly colour?: boolean;
  /** Only ASCII marks, and every other character written out, for terminals without UTF-8. */
  readonly ascii?: boolean;
  readonly proof?: CardProof | null;
  readonly timings?: Timings | null;
  /** The change's bill, as it stands now. */
  readonly cost?: ChangeCost | undefined;
  /** Where the evidence bundle lies on this machine. */
  readonly bundle?: string;
}

const COLUMNS = 80;
const RULE_COLUMNS = 22;
const TEXT_INDENT = 5;
const LABEL_COLUMNS = 8;
const EXCERPT_LINES_MAX = 3;
const REASONS_SHOWN_MAX = 40;
const GAPS_SHOWN_MAX = 5;
const CHECKS_NAMED_MAX = 12;

const ANSI: Readonly<Record<Verdict, string>> = { admit: "\u001b[32m", hold: "\u001b[33m", refuse: "\u001b[31m" };
const ANSI_END = "\u001b[0m";

type Mark = "refuse" | "hold" | "observed" | "note" | "unavailable" | "ok" | "gap" | "cut";
const MARKS: Readonly<Record<"utf8" | "ascii", Readonly<Record<Mark, string>>>> = {
  utf8: { refuse: "✗", hold: "!", observed: "○", note: "·", unavailable: "?", ok: "✓", gap: "~", cut: "…" },
  ascii: { refuse: "x", hold: "!", observed: "o", note: ".", unavailable: "?", ok: "ok", gap: "~", cut: "..." },
};

/** Said by the check's own `?` line already. */
const SAID_BY_CHECKS: ReadonlySet<string> = new Set(["gate.check-unavailable", "gate.check-missing"]);
const PLAIN_PATH = /^[\p{L}\p{N}._/@+=~-]+$/u;

class Face {
  private readonly marks: Readonly<Record<Mark, string>>;

  constructor(private readonly card: Card, private readonly options: TerminalOptions) {
    this.marks = MARKS[options.ascii === true ? "ascii" : "utf8"];
  }

  readonly text = (raw: string): string => escapeTerminal(raw, this.options);
  readonly quote = (raw: string): string => quoteTerminal(raw, this.options);
  readonly path = (raw: string): string => (PLAIN_PATH.test(raw) ? this.text(raw) : this.quote(raw));
  readonly place = (path: PathBytes): string => ("u" in path ? this.path(path.u) : this.text(visiblePath(path)));

  private fit(text: string, columns: number, keep: "start" | "end" = "start"): string {
    return fit(text, columns, this.marks.cut, keep);
  }

  private marked(mark: Mark, left: string, right: string): string {
    const head = `  ${pad(this.marks[mark], 2)} ${pad(left, RULE_COLUMNS)} `;
    return (head + this.fit(right, COLUMNS - width(head), "end")).trimEnd();
  }

  private indented(text: string, gutter = ""): string[] {
    return wrap(text, COLUMNS - TEXT_INDENT - gutter.length).map((line) => " ".repeat(TEXT_INDENT) + gutter + line);
  }

  private labelled(label: string, lines: readonly string[]): string[] {
    const wrapped = lines.flatMap((line) => wrap(line, COLUMNS - LABEL_COLUMNS));
    return wrapped.map((line, i) => (i === 0 ? pad(`  ${label}`, LABEL_COLUMNS) : " ".repeat(LABEL_COLUMNS)) + line);
  }

  head(): string[] {
    const { card, options } = this;
    const word = card.verdict.toUpperCase();
    const start = `${word}  ${this.fit(this.text(card.repository), 34)}  ${short(card.head)}  `;
    const line = start + this.fit(this.quote(card.title), COLUMNS - width(start));
    const coloured = options.colour === true ? `${ANSI[card.verdict]}${word}${ANSI_END}${line.slice(word.length)}` : line;
    const indent = " ".repeat(word.length + 2);
    const base = card.base === null ? "no base" : `base ${short(card.base)}`;
    const facts = `${plural(card.files, "file")} +${card.added_lines} -${card.removed_lines}, ${base} of ${this.text(branch(card.target_ref))}, policy ${this.text(card.policy.name)}, mode ${card.mode}`;
    const lines = [actorText(card, this.quote), facts].flatMap((one) => wrap(one, COLUMNS - indent.length));
    return [coloured, ...lines.map((one) => indent + one)];
  }

  unavailable(): string[] {
    const word = ({ required }: CardCheck) => (required ? "unavailable, required" : "unavailable");
    return this.card.checks
      .filter(({ result }) => result === "unavailable")
      .flatMap((check) => [this.marked("unavailable", check.check, word(check)), ...this.indented(this.text(check.because ?? "no reason was given"))]);
  }

  private reason(reason: Reason): string[] {
    const mark: Mark = reason.observed && reason.effect !== "note" ? "observed" : reason.effect;
    const lines = [this.marked(mark, this.text(reason.rule), placeText(reason.ranges, this.place)), ...this.indented(this.text(becauseText(reason)))];
    return reason.effect === "note" ? lines : [...lines, ...this.excerpt(reason.excerpt)];
  }

  private excerpt(raw: string | null): string[] {
    if (raw === null) return [];
    const lines = raw.split(/\r?\n/);
    const shown = lines.slice(0, EXCERPT_LINES_MAX).map((line) => this.fit(`${" ".repeat(TEXT_INDENT)}| ${this.text(line.replaceAll("\t", "  "))}`, COLUMNS));
    return lines.length > EXCERPT_LINES_MAX ? [...shown, `${" ".repeat(TEXT_INDENT)}| (${plural(lines.length - EXCERPT_LINES_MAX, "more line")})`] : shown;
  }

  reasons(): string[] {
    const listed = this.card.reasons.filter(({ rule }) => !SAID_BY_CHECKS.has(rule));
    const lines = listed.slice(0, REASONS_SHOWN_MAX).flatMap((reason) => this.reason(reason));
    return listed.length > REASONS_SHOWN_MAX ? [...lines, ...this.indented(`${plural(listed.length - REASONS_SHOWN_MAX, "more reason")}, listed by --json`)] : lines;
  }

  /** What shows it, step by step. */
  counterexamples(): string[] {
    return cardCexLines(this.card).flatMap((line) => {
      const deeper = /^ */.exec(line)?.[0] ?? "";
      return this.indented(this.text(line.slice(deeper.length)), `| ${deeper}`);
    });
  }

  /** The names of checks with one result, on one line. */
  private named(mark: Mark, result: CardCheck["result"], word: string): string[] {
    const names = this.card.checks.filter((check) => check.result === result).map(({ check }) => check);
    if (names.length === 0) return [];
    const list = names.slice(0, CHECKS_NAMED_MAX).join(" ") + (names.length > CHECKS_NAMED_MAX ? ` (+${names.length - CHECKS_NAMED_MAX})` : "");
    return [`  ${pad(this.marks[mark], 2)} ${pad(`${plural(names.length, "check")} ${word}`, RULE_COLUMNS)} ${this.fit(this.text(list), COLUMNS - RULE_COLUMNS - 6)}`];
  }

  checks(): string[] {
    return [...this.named("note", "fail", "with findings"), ...this.named("ok", "pass", "passed"), ...this.named("note", "not_applicable", "not applicable"), ...this.obligations(), ...this.gaps()];
  }

  gaps(): string[] {
    const { gaps } = this.card;
    const lines = gaps.slice(0, GAPS_SHOWN_MAX).flatMap(({ what, because }) => this.labelledMark("gap", `not looked at: ${this.text(what)} (${this.text(because)})`));
    return gaps.length > GAPS_SHOWN_MAX ? [...lines, ...this.indented(`${plural(gaps.length - GAPS_SHOWN_MAX, "more gap")}, listed by --json`)] : lines;
  }

  /** Learned policies, and what the log says of them. */
  learned(): string[] {
    return learnedLines(this.card).flatMap((line) => this.indented(this.text(line), "| "));
  }

  obligations(): string[] {
    return (this.card.obligations ?? []).flatMap((one) => {
      const mark: Mark = one.result === "pass" ? "ok" : one.result === "fail" ? (one.required ? "refuse" : "note") : one.result === "unavailable" ? "unavailable" : "note";
      return [this.marked(mark, this.text(one.name), one.required ? `${one.result}, required` : one.result), ...this.indented(this.text(obligationText(one)))];
    });
  }

  private labelledMark(mark: Mark, text: string): string[] {
    const [first = "", ...rest] = wrap(text, COLUMNS - TEXT_INDENT);
    return [`  ${pad(this.marks[mark], 2)} ${first}`, ...rest.map((line) => " ".repeat(TEXT_INDENT) + line)];
  }

  why(): string[] {
    return this.labelled("Why", [whyText(this.card), ...comparedTexts(this.card)].map((line) => this.text(line)));
  }

  next(): string[] {
    const rule = this.card.reasons.find(({ observed, effect }) => !observed && effect !== "note")?.rule;
    const steps = this.card.next.flatMap((step) => [stepText(step), ...(step.command === null ? [] : [`  ${typed(step.command)}`])]);
    return this.labelled("Next", [...steps, ...(rule === undefined ? [] : [`maestro explain ${rule}`])].map((line) => this.text(line)));
  }

  costs(): string[] {
    const { timings, cost } = this.options;
    return this.labelled("Cost", [costNowText(this.card, cost), ...(cost === undefined ? [] : billTexts(cost)), ...(timings === null || timings === undefined ? [] : timingTexts(timings))]);
  }

  released(): string[] {
    return (this.card.releases ?? []).flatMap((one) => this.labelled("By", [releaseText(one, this.text)]));
  }

  proof(): string[] {
    const { proof, bundle } = this.options;
    if (this.card.gate_id === null) return this.labelled("Proof", ["none: a replay leaves no evidence"]);
    if (proof === null || proof === undefined) return [];
    const trust = proof.self_made_trust ? ["signed under a self-made trust file: proves integrity, not authority"] : [];
    // Not wrapped: a broken path cannot be copied.
    const verify = bundle === undefined ? [] : [`${" ".repeat(LABEL_COLUMNS)}maestro verify ${this.path(bundle)}`];
    return [...this.labelled("Proof", [`log ${proof.log_index} of ${this.text(proof.log_origin)}, bundle ${proof.bundle_sha256.slice(0, 8)}`, ...trust]), ...verify, ...this.labelled("From", [this.text(lineageText(this.card, proof))])];
  }

  warnings(): string[] {
    return [...failedTexts(this.card), ...reusedTexts(this.card), ...this.card.warnings].flatMap((warning) => this.labelled("Note", [this.text(warning)]));
  }

  render(): string {
    const said = [...this.unavailable(), ...this.reasons(), ...this.counterexamples(), ...this.learned()];
    if (this.card.verdict === "admit") {
      const passed = this.card.checks.filter(({ result }) => result === "pass").length;
      const summary = `${plural(passed, "check")} passed, ${costNowText(this.card, this.options.cost)}`;
      return [...this.head(), ...said, ...this.obligations(), ...this.gaps(), ...this.labelled("Ok", [summary]), ...this.released(), ...this.proof(), ...this.warnings(), ""].join("\n");
    }
    const below = [...this.why(), ...this.next(), ...this.released(), ...this.costs(), ...this.proof(), ...this.warnings()];
    return [...this.head(), "", ...said, ...this.checks(), "", ...below, ""].join("\n");
  }
}

export function renderTerminal(card: Card, options: TerminalOptions = {}): string {
  return new Face(card, options).render();
}
