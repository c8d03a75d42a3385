/** Whether an invariant lets through what it stopped before: asked of a solver where it can say it, and "changed" where it cannot. Runs in a check process. */
import { canonicalText } from "../../../../proto/canonical.ts";
import type { CexFields, Counterexample } from "../../../../proto/counterexample.ts";
import { MaestroError } from "../../../../proto/errors.ts";
import type { AttachedText } from "../../../../proto/formal.ts";
import { SEVERITY_DEFAULT } from "../../../../proto/invariant.ts";
import type { Json } from "../../../../proto/json.ts";
import { type Found, candidateOf, implies } from "../../../analysis/smt/questions.ts";
import type { Solver } from "../../../analysis/smt/index.ts";
import { published } from "../../../checking/redact.ts";
import { replayed, type Replayed } from "../../../checking/replayed.ts";
import { type Clause, type Compiled, emitSmt } from "../../../invariants/index.ts";
import { masked } from "./model-cex.ts";
import { fieldsOf, gotThrough } from "./witness.ts";

export interface Weaker {
  readonly verdict: "same" | "stronger" | "weaker" | "changed";
  readonly because: string;
  /** Values that were stopped and are no more, tried on both conditions. */
  readonly cex: Counterexample | null;
  readonly attached: readonly AttachedText[];
  /** Why no solver was asked: then it may be another time. */
  readonly blind?: string | null;
}

const LIMITS = { deadline_ms: 3_000, memory_bytes_max: 512 * 1024 * 1024 } as const;
const GROUPS = ["assert", "pre", "post"] as const;
const RANK = ["low", "medium", "high", "critical"];

const changed = (because: string): Weaker => ({ verdict: "changed", because, cex: null, attached: [] });

/** What of a document is for its reader alone. */
const meaning = ({ rationale: _r, owner: _o, examples: _e, ...rest }: Compiled["document"]): unknown => rest;

const typesOf = ({ fieldsByEvent }: Compiled): string => canonicalText([...fieldsByEvent].map(([event, fields]) => [event, [...fields].map(([name, { type, tainted }]) => [name, JSON.stringify(type), tainted])]));

/** A difference that no question about conditions settles; null where only conditions differ. */
function apart(old: Compiled, now: Compiled): string | null {
  if (RANK.indexOf(now.document.severity ?? SEVERITY_DEFAULT) < RANK.indexOf(old.document.severity ?? SEVERITY_DEFAULT)) return "its severity is lower";
  if (old.document.scope !== now.document.scope || canonicalText(old.document.when) !== canonicalText(now.document.when)) return "it speaks of other events";
  if (typesOf(old) !== typesOf(now)) return "its fields are others";
  if (canonicalText(old.document.per ?? null) !== canonicalText(now.document.per ?? null) || (old.document.keys_max ?? 0) !== (now.document.keys_max ?? 0)) return "its instances are kept otherwise";
  const temporal = ({ document }: Compiled): string => canonicalText((document.temporal ?? []).map(({ formula, only }) => [formula, only ?? null]));
  return temporal(old) === temporal(now) ? null : "a temporal form is another, and no solver compares those";
}

/** `maestro verify --extract` puts `document-` before the place of a document, and makes one name of both. */
const fileName = ({ evidence }: Found): string => `${evidence.smt2_sha256.slice(0, 32)}.smt2.txt`;

/** The question as it was asked. Where the rule holds what looks like a credential, none of it gets into evidence. */
function smtDocument(found: Found): AttachedText {
  const { smt2, smt2_sha256, solver, version, result } = found.evidence;
  const text = published(smt2) === smt2 ? smt2 : "; left out: it holds what looks like a credential\n";
  return { name: `smt/${fileName(found)}`, text: `; sha256 of the question below: ${smt2_sha256}\n; ${solver ?? "no solver"} ${version ?? ""} answered: ${result}\n; not looked at: ${found.bounds.join("; ")}\n${text}` };
}

/**
 * Tries the solver's values on the real conditions: the old one stops them, none of the new ones does. Null where that cannot
 * be tried; else the finding that it is not so, which is a fault of ours.
 */
async function witness(found: Found, old: Clause, now: readonly Clause[], id: string): Promise<Replayed | null> {
  const fields = fieldsOf(found.values ?? []);
  if (gotThrough(fields, old, now) === null) return null;
  const claimed = candidateOf({ ...found, values: Object.entries(fields) }, { invariant: id, message: published(`stopped before by ${old.text}, and no more`).slice(0, 2_000).toWellFormed(), replay: { command: ["z3", `document-smt_${fileName(found)}`] } });
  return replayed(claimed, { engine: "smt", breaks: () => Promise.resolve(gotThrough(fields, old, now) === true) });
}

/** Strings of a counterexample that look like a credential are masked, after it was seen to break. */
const shownCex = (cex: Counterexample): Counterexample => ({ ...cex, inputs: masked((cex.inputs ?? {}) as Json) as CexFields });

interface Asked {
  readonly all: boolean;
  readonly unclear: string | null;
  readonly weaker: { readonly clause: Clause; readonly found: Found } | null;
  readonly attached: readonly AttachedText[];
  readonly blind?: string | null;
}

/** What a solver may not be asked, or refuses, it cannot tell. */
async function asked(answer: Promise<Found>): Promise<Found | string> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof MaestroError && error.code.startsWith("request.") && error.code !== "request.cancelled") return error.detail;
    throw error;
  }
}

/** Whenever all of `premises` hold, does each of `conclusions`? */
async function keeps(solver: Solver, premises: readonly Clause[], conclusions: readonly Clause[]): Promise<Asked> {
  const attached: AttachedText[] = [];
  for (const clause of conclusions) {
    if (premises.some(({ text }) => text === clause.text)) continue;
    const emitted = emitSmt([...premises, clause].map(({ node }) => node), { any_absent: true });
    if ("not_expressible" in emitted) return { all: false, unclear: emitted.not_expressible, weaker: null, attached };
    const found = await asked(implies(solver, emitted.ok, premises.map((_, i) => i), premises.length, LIMITS));
    if (typeof found === "string") return { all: false, unclear: found, weaker: null, attached };
    attached.push(smtDocument(found));
    if (found.answer === "no") return { all: false, unclear: null, weaker: { clause, found }, attached };
    const unclear = found.because ?? "the solver could not tell";
    if (found.answer === "cannot-tell") return { all: false, unclear, weaker: null, attached, blind: found.evidence.result === "unavailable" ? unclear : null };
  }
  return { all: true, unclear: null, weaker: null, attached };
}

async function comparedGroup(solver: Solver, old: readonly Clause[], now: readonly Clause[], id: string): Promise<Weaker> {
  const held = await keeps(solver, now, old);
  if (held.weaker !== null) {
    const { clause, found } = held.weaker;
    const seen = await witness(found, clause, now, id);
    if (seen?.kind === "not-reproduced") return { ...changed(seen.finding.message), attached: held.attached, blind: seen.finding.message };
    return { verdict: "weaker", because: `${clause.text} does not follow from it any more`, cex: seen === null ? null : shownCex(seen.counterexample), attached: held.attached };
  }
  if (!held.all) return { verdict: "changed", because: `whether it stops all it stopped cannot be told: ${held.unclear ?? ""}`, cex: null, attached: held.attached, blind: held.blind ?? null };
  const adds = await keeps(solver, old, now);
  const verdict = adds.all ? "same" : "stronger";
  return { verdict, because: verdict === "same" ? "it means the same" : "it stops more than before", cex: null, attached: [...held.attached, ...adds.attached] };
}

const WORST: readonly Weaker["verdict"][] = ["weaker", "changed", "stronger", "same"];

/** The second against the first, which has the same id. */
export async function weaker(solver: () => Solver, old: Compiled, now: Compiled): Promise<Weaker> {
  if (canonicalText(meaning(old.document)) === canonicalText(meaning(now.document))) return { verdict: "same", because: "it means the same", cex: null, attached: [] };
  const difference = apart(old, now);
  if (difference !== null) return changed(difference);
  const all: Weaker[] = [];
  for (const group of GROUPS) if (old[group].length + now[group].length > 0) all.push(await comparedGroup(solver(), old[group], now[group], old.id));
  const worst = all.sort((a, b) => WORST.indexOf(a.verdict) - WORST.indexOf(b.verdict))[0] ?? changed("its conditions are others");
  return { ...worst, attached: all.flatMap(({ attached }) => attached) };
}
