/** Why a gate did not admit, in one sentence, and the smallest step on. */
import type { Card } from "../../../proto/card.ts";
import type { NextStep, Reason } from "../../../proto/decision.ts";
import type { CheckFinding } from "../../../proto/findings.ts";
import { boundText } from "../../../proto/obligation.ts";
import { pathText } from "../../../proto/scalar.ts";
import { cexText, changedBy, readCex } from "../../verifier/counterexample.ts";
import { counted, listed, prose, quoted } from "../quote.ts";
import type { Study } from "../study.ts";
import { complaintsOf, fileNamed } from "../fixing/complaints.ts";
import { adviceFor, adviceOfRule } from "./advice.ts";
import { mendFor } from "./fix.ts";
import { codeIn, failedIn, firstError, framed, helpIn, placeSaid, saidOf, whereSaid } from "./first-error.ts";
import { lineWords, valueWords } from "./insides.ts";

type Decisive = Reason & { readonly findings: readonly CheckFinding[] };

/** What keeps others from meaning anything comes first: a tree that does not merge cannot be built, one that does not build fails its tests. */
const RANK: readonly (readonly [RegExp, string])[] = [
  [/^gate\.(?:config-broken|policy-unavailable|history-unknown|nothing-checked)$/, "the gate itself"],
  [/^gate\.conflict$|^merge\./, "the merge"],
  [/^secret\./, "a credential"],
  [/^(?:text\.bidi|path\.|guard\.|ci\.)/, "a guard"],
  [/^gate\.check-/, "a check without an answer"],
  [/^(?:invariant|model)\./, "a rule of the repository"],
  [/^(?:dep|learning|waiver|baseline)\./, "what it brings along"],
  [/^command\./, "a tool"],
  [/^obligation\./, "a bound"],
];
const DOES_NOT_BUILD = /\bTS\d{4}\b|cannot find (?:module|name|package|symbol)|module ?not ?found|no module named|unresolved import|syntax ?error|unexpected token|undefined: |undeclared|does not compile|compilation failed|error\[E\d{4}\]|cannot resolve|import error|parse error|expected .* but found/i;
const BUILD_RANK = 6.5;

function rankOf({ rule, findings }: Decisive): number {
  const rank = RANK.findIndex(([of]) => of.test(rule));
  if (rank < 0) return RANK.length;
  return /^command\./.test(rule) && findings.some(({ finding }) => DOES_NOT_BUILD.test(`${finding.message}\n${finding.excerpt ?? ""}`)) ? BUILD_RANK : rank;
}

export function decisive({ card, findings }: Pick<Study, "card" | "findings">): Decisive[] {
  const of = (effect: Reason["effect"]) => card.reasons.filter((reason) => reason.effect === effect && !reason.observed && reason.accepted === undefined);
  const [refusing, holding] = [of("refuse"), of("hold")];
  const with_findings = (reason: Reason): Decisive => ({ ...reason, findings: findings.filter(({ finding }) => reason.fingerprints.includes(finding.fingerprint)) });
  return [...refusing.map(with_findings).sort((a, b) => rankOf(a) - rankOf(b)), ...holding.map(with_findings).sort((a, b) => rankOf(a) - rankOf(b))];
}

const placeOf = ({ ranges }: Pick<Reason, "ranges">): string => {
  const [first] = ranges;
  return first === undefined ? "" : ` at ${quoted(`${pathText(first.path)}:${first.start_line}`)}`;
};

function counterexampleWords({ finding }: CheckFinding, card: Card): string | null {
  const document = finding.cex ?? card.counterexamples?.listed.find(({ fingerprint }) => fingerprint === finding.fingerprint)?.document ?? null;
  const cex = document === null ? null : readCex(document);
  if (cex === null) return finding.counterexample === null ? null : `Counterexample: ${quoted(finding.counterexample, 400)}.`;
  const fields = (of: Parameters<typeof changedBy>[0]["state"]): string => listed(Object.entries(of).map(([name, value]) => `${quoted(name)} = ${quoted(cexText(value))}`), 6);
  if (cex.inputs !== null) return `Counterexample: ${quoted(cex.invariant)} breaks with ${fields(cex.inputs)}.`;
  const trace = cex.trace ?? [];
  const last = trace.at(-1);
  const steps = listed(trace.map(({ action }) => quoted(action, 60)), 8);
  const end = last === undefined ? "" : `, where ${fields(changedBy(last, undefined))}`;
  return `Counterexample: ${quoted(cex.invariant)} breaks after ${counted(trace.length, "step")} (${steps})${end}${cex.stutter ? ", and nothing happens after that" : cex.loop_at === null ? "" : `, and back to step ${cex.loop_at} for ever`}.`;
}

const WHOSE: Readonly<Record<string, string>> = { yours: "the base passes it, or this change touches it", base: "it fails on the base as well", flaky: "it is known to be flaky", quarantined: "it is in quarantine", undecided: "whose it is cannot be told" };

/** A place of the change that a tool's output names: of a traceback the last, which is where it broke. */
function placeIn(one: CheckFinding, files: Study["files"]): string | null {
  const paths = files.map(({ path }) => path);
  const places = complaintsOf([{ ...one, finding: { ...one.finding, range: null } }]).flatMap(({ path, line }) => { const named = fileNamed(path, paths); return named === null ? [] : [`${named}:${line}`]; });
  return (/Traceback|: in <module>/.test(one.finding.excerpt ?? "") ? places.at(-1) : places[0]) ?? shownIn(one, files);
}

/** What is left of an output may show a line and no name: the one file of the change that has it there. */
function shownIn({ finding: { excerpt } }: CheckFinding, files: Study["files"]): string | null {
  const frame = excerpt === null ? null : framed(excerpt);
  const having = frame === null ? [] : files.filter((file) => file.new?.split("\n")[frame.line - 1]?.trim() === frame.text.trim());
  return having.length === 1 ? `${having[0]!.path}:${frame!.line}` : null;
}

/** The test of the change whose body a place is in. */
function testAround(place: string | null, files: Study["files"]): string[] {
  const [path = "", line = "0"] = place?.split(/:(?=\d+$)/) ?? [];
  const file = files.find((one) => one.path === path && one.kind.test);
  const above = file?.new?.split("\n").slice(0, Number(line)).findLast((text) => TEST_HEAD.test(text.slice(0, 400)));
  const name = above === undefined ? undefined : TEST_HEAD.exec(above.slice(0, 400))?.slice(1).find((one) => one !== undefined);
  return name === undefined ? [] : [name];
}
const TEST_HEAD = /^\s*(?:test|it)(?:\.\w+)?\(\s*["'`](.+?)["'`]\s*,|^\s*(?:async\s+)?def (test_\w+)\(|^func (Test\w+)\(|^\s*(?:public\s+)?(?:void|fun|function) (\w*[Tt]est\w*)\(|^\s*(?:it|test|specify) ["'](.+?)["'] do/;

/** What one finding says, in one sentence. */
function sentenceOf(one: CheckFinding, files: Study["files"]): string {
  const { finding } = one;
  const error = finding.excerpt === null ? null : firstError(finding.excerpt);
  const range = finding.range;
  const where = range === null ? "" : ` at ${quoted(`${pathText(range.path)}:${range.start_line}`)}`;
  if (finding.test !== undefined) {
    const kind = finding.test.class;
    const assertion = error ?? saidOf(finding.message);
    return `The test ${quoted(finding.test.name)} fails${where}: ${quoted(assertion, 300)}${kind === undefined ? "" : ` (${WHOSE[kind]})`}.`;
  }
  const place = /\.exit$/.test(finding.rule) && finding.excerpt !== null ? placeIn(one, files) ?? (error === null ? null : whereSaid(error)) ?? placeSaid(finding.excerpt) : null;
  if (/\.exit$/.test(finding.rule) && finding.excerpt !== null && (error !== null || place !== null || failedIn(finding.excerpt).length > 0)) {
    const named = failedIn(finding.excerpt);
    const [tests, help, code] = [named.length === 0 ? testAround(place, files) : named, helpIn(finding.excerpt), codeIn(finding.excerpt)];
    return [
      error === null ? (place === null ? "Of its output:" : `Of its output: what is left of it names ${quoted(place)}.`) : `Of its output: its first error is ${quoted(error, 300)}${place === null ? "" : `, at ${quoted(place)}`}.`,
      ...(tests.length === 0 ? [] : [`It names as failed: ${listed(tests.map((name) => quoted(name, 200)), 5)}.`]),
      ...(code === null || error?.includes(code) === true ? [] : [`The compiler explains it under ${quoted(code)}.`]),
      ...(help === null ? [] : [`The tool itself says: ${quoted(help, 300)}.`]),
    ].join(" ");
  }
  return `${quoted(finding.message, 300)}${where}.`;
}

/** Several findings of one cause: the same words but for names and numbers. */
function shared(findings: readonly CheckFinding[]): string | null {
  if (findings.length < 2) return null;
  const shape = ({ finding }: CheckFinding): string => (finding.excerpt === null ? finding.message : (firstError(finding.excerpt) ?? finding.message)).replace(/\d+/g, "#").replace(/["'`][^"'`]*["'`]/g, "'…'").slice(0, 200);
  const groups = [...Map.groupBy(findings, shape).values()].sort((a, b) => b.length - a.length);
  const [most = []] = groups;
  return most.length < 2 ? `${findings.length} findings, each with words of its own.` : `${most.length} of ${findings.length} findings say the same, so one cause is likely.`;
}

function causeOf(reason: Decisive, study: Study): string[] {
  const { card, files } = study;
  const [first] = reason.findings;
  const head = `${reason.effect === "refuse" ? "Refused" : "Held"} by ${quoted(reason.rule)}${placeOf(reason)}: ${prose(reason.because, 300)}.`.replace(/\.\.$/, ".");
  // What the card says already is not said twice.
  const said = first === undefined || (first.finding.test === undefined && first.finding.excerpt === null && reason.because.includes(first.finding.message)) || (reason.because.endsWith(first.finding.message) && first.finding.test === undefined && (first.finding.excerpt === null || !/\.exit$/.test(first.finding.rule))) ? [] : [sentenceOf(first, files)];
  const check = card.checks.find((one) => one.check === reason.check);
  const unavailable = card.checks.filter(({ result, required }) => result === "unavailable" && required).map(({ check: name, because }) => `Check ${quoted(name)} gave no answer: ${quoted(because ?? "no reason was given", 300)}.`);
  const obligations = (card.obligations ?? []).filter(({ result, required }) => required && (result === "fail" || result === "unavailable")).map((one) => `Obligation ${quoted(one.name)}: ${one.value === null && one.hidden !== true ? quoted(one.because ?? "no value") : prose(boundText(one))}.`);
  return [
    head,
    ...said,
    ...(first === undefined ? [] : [counterexampleWords(first, card)].filter((text) => text !== null)),
    ...(shared(reason.findings) === null ? [] : [shared(reason.findings)!]),
    ...(check?.tests === undefined ? [] : [`Of ${counted(check.tests.failed, "failed test")}, ${check.tests.yours} are this change's, ${check.tests.base} the base's, ${check.tests.flaky} flaky, ${check.tests.undecided} undecided.`]),
    ...(reason.rule.startsWith("gate.check") ? unavailable.slice(0, 3) : []),
    ...(reason.rule.startsWith("obligation.") ? obligations.slice(0, 4) : []),
    ...touched(reason, files),
    ...mending(reason, study),
  ];
}

const CHANGES_SHOWN = 4;

/** What mends such a thing, and for a tool's error what this change writes in program text. */
function mending({ rule, because, findings: [first] }: Decisive, study: Study): string[] {
  const own = first === undefined || rule.startsWith("command.") ? null : (first.finding.fix?.description ?? null);
  if (own !== null) return [`What mends it: ${prose(own, 300)}`];
  if (!/^(?:command|ci)\./.test(rule)) return [];
  const error = first === undefined ? because : `${first.finding.rule} ${first.finding.message}\n${first.finding.excerpt ?? ""}`;
  const said = first?.finding.excerpt == null ? null : firstError(first.finding.excerpt);
  const advice = (said === null ? null : adviceFor(said)) ?? adviceFor(error) ?? adviceOfRule(rule);
  const mend = first === undefined ? null : mendFor(study, first);
  const inside = rule.startsWith("command.") ? study.insides.filter(({ path }) => study.files.some((file) => file.path === path && file.kind.source)).slice(0, 2) : [];
  const changes = inside.flatMap(({ path, values, lines }) => [...values.map((value) => `${quoted(`${path}:${value.line}`)} ${valueWords(value)}`), ...lines.map((line) => `${quoted(path)} ${lineWords(line)}`)]).slice(0, CHANGES_SHOWN);
  return [
    ...(advice === null ? [] : [`What usually mends it: ${advice}.`]),
    ...(mend === null ? [] : [`A mechanical mend is known, ask for the draft \`fix\`: ${mend}.`]),
    ...(changes.length === 0 ? [] : [`This change writes: ${changes.join("; ")}.`]),
  ];
}

/** Whether the change itself touches where it is found. */
const SHOWN = /^(?:dep|ci|test|path|waiver|baseline|guard|invariant|model)\./;

function touched({ rule, ranges, because, findings: [one] }: Decisive, files: Study["files"]): string[] {
  const [first] = ranges;
  if (first === undefined) return [];
  const file = files.find(({ path }) => path === pathText(first.path));
  // Of credentials and hidden characters the line is not repeated.
  const shown = SHOWN.test(rule) ? (one?.finding.excerpt ?? null) : null;
  if (file === undefined) return ["This change does not touch that file: look at what it calls."];
  const lines = new Set(file.added.map(({ line }) => line));
  const also = elsewhere(file, first.start_line, because);
  for (let line = first.start_line; line <= Math.min(first.end_line, first.start_line + 200); line += 1) if (lines.has(line)) return [`The line is one that this change writes${shown === null ? "" : `: ${quoted(shown, 200)}`}.`, ...also];
  return ["This change touches the file, and not that line.", ...also];
}

/** A name of several parts that the check speaks of, where the change writes it and the check names another line. */
function elsewhere(file: Study["files"][number], line: number, because: string): string[] {
  const names = because.match(/(?<![\w.])[a-z]\w+(?:\.\w+){2,}/g) ?? [];
  const found = file.added.filter(({ line: at, text }) => at !== line && names.some((name) => text.includes(name))).slice(0, 3);
  return found.length === 0 ? [] : [`What it speaks of stands at ${listed(found.map(({ line: at }) => quoted(`${file.path}:${at}`)), 3)}.`];
}

export function stepText({ text, command, cost, risk }: NextStep): string {
  return `Next: ${prose(text, 400)}${command === null ? "" : `: ${quoted(command.join(" "))}`} (cost: ${cost}, risk: ${risk}).`;
}

/** The step of the cause, where the card has one for it; never one of our own against the card's. */
const stepFor = (card: Card, rule: string): NextStep | undefined => card.next.find((step) => step.rule === rule) ?? card.next[0];

const OTHERS_SHOWN = 5;

export function triage(study: Study): string {
  const { card } = study;
  const all = decisive(study);
  const [first, ...others] = all;
  if (first === undefined) {
    const step = card.next[0];
    const notes = card.reasons.length;
    if (card.verdict === "admit") return [`Admitted: nothing to triage${notes === 0 ? "" : `, ${counted(notes, "note")}`}.`, ...(step === undefined ? [] : [stepText(step)])].join("\n");
    return [`The verdict is ${card.verdict}, and no reason on the card is decisive: the cause cannot be told from here.`, ...(step === undefined ? [] : [stepText(step)])].join("\n");
  }
  const step = stepFor(card, first.rule);
  return [
    ...causeOf(first, study),
    ...(step === undefined ? [] : [stepText(step)]),
    ...(others.length === 0 ? [] : [`${counted(others.length, "other reason")}: ${listed(others.map((reason) => `${quoted(reason.rule)}${placeOf(reason)}`), OTHERS_SHOWN)}.`]),
  ].join("\n");
}
