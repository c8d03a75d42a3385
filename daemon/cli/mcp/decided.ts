/** A Decision Card for an agent: everything the change controls quoted, every list bounded, and what was left out counted. */
import type { Card, CardProof } from "../../../proto/card.ts";
import type { Reason } from "../../../proto/decision.ts";
import { quoted, quotedOrNull, quotedPath } from "./quoted.ts";
import { LIST_MAX } from "./schemas.ts";

function reasonOf({ rule, check, effect, observed, because, ranges }: Reason): object {
  const where = ranges.slice(0, LIST_MAX.places).map(({ path, start_line }) => ({ path: quotedPath(path), line: start_line }));
  return { rule, check, effect, observed, because: quoted(because), where, where_left_out: ranges.length - where.length };
}

export function decidedOf(card: Card, proof: CardProof): object {
  const reasons = card.reasons.slice(0, LIST_MAX.reasons);
  return {
    verdict: card.verdict,
    gate_id: card.gate_id,
    attempt: card.attempt,
    mode: card.mode,
    repository: quoted(card.repository),
    target_ref: quoted(card.target_ref),
    base: card.base,
    head: card.head,
    title: quoted(card.title),
    actor: card.actor.class,
    files: card.files,
    added_lines: card.added_lines,
    removed_lines: card.removed_lines,
    reasons: reasons.map(reasonOf),
    reasons_left_out: card.reasons.length - reasons.length,
    checks: card.checks.map(({ check, result, required, because, findings }) => ({ check, result, required, because: quotedOrNull(because), findings })),
    obligations: (card.obligations ?? []).map(({ name, result, required, value, min, max, scale, unit, because }) => ({ name, result, required, value, min, max, scale, unit: quotedOrNull(unit), because: quotedOrNull(because) })),
    not_seen: card.gaps.slice(0, LIST_MAX.others).map(({ what, because }) => quoted(`${what}: ${because}`)),
    warnings: card.warnings.slice(0, LIST_MAX.others).map(quoted),
    next: card.next,
    proof: { bundle_sha256: proof.bundle_sha256, log_index: proof.log_index, self_made_trust: proof.self_made_trust },
  };
}

/** The verdict in words of ours: rules and steps carry no text of a change. */
export function headlineOf({ verdict, head, reasons, next }: Card): string {
  const deciding = [...new Set(reasons.filter(({ effect, observed }) => effect !== "note" && !observed).map(({ rule }) => rule))];
  const because = deciding.length === 0 ? "" : ` because of ${deciding.slice(0, LIST_MAX.places).join(", ")}`;
  return `${verdict.toUpperCase()} ${head.slice(0, 12)}${because}. Next: ${next[0]?.text ?? "nothing"}.`;
}
