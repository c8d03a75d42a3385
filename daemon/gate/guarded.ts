/** What guards are told of a decision before it is signed. Counted here from outcomes and reasons, not taken from whoever decided. */
import type { Card } from "../../proto/card.ts";
import type { Identity } from "../../proto/change.ts";
import { canonicalText } from "../../proto/canonical.ts";
import { MaestroError } from "../../proto/errors.ts";
import { credentialsIn } from "../checking/redact.ts";
import type { ActionGuard } from "../platform/action-guard.ts";
import { decides, endsAt } from "../release/index.ts";
import { sha256Digest } from "../store/blobs.ts";
import type { GateRow } from "../store/gates.ts";
import type { Judgement } from "./judge.ts";
import type { StoredReply } from "./reply.ts";
import type { ReleaseShelf } from "./releasing/released.ts";

const YEAR_MS = 365 * 86_400_000;

interface Decided {
  readonly gate_id: string;
  readonly identity: Identity;
  readonly card: Card;
  /** `began_s`: when the releases on record were read. */
  readonly judgement: Judgement & { readonly target: string; readonly began_s: number };
  readonly owner_uid: number;
  readonly valid_for_s: number;
}

interface Asking {
  readonly act?: ActionGuard;
  readonly shelf: ReleaseShelf;
  readonly evidence: { now_s(): number };
}

function decidedFields({ gate_id, identity: { head }, card, judgement, valid_for_s }: Decided, now_s: number): Parameters<ActionGuard>[1] {
  const { decision, outcomes, config: { required, carried = [] }, facts, releases, target } = judgement;
  const seen = new Map(outcomes.map((outcome) => [outcome.check, outcome]));
  const answered = required.filter((name) => {
    const { result = "unavailable", observer = "job" } = seen.get(name) ?? {};
    return result !== "unavailable" && (observer === "daemon" || observer === "sandbox" || (observer === "external" && carried.includes(name)));
  });
  const standing = decision.reasons.filter(decides);
  const ends_s = endsAt(releases);
  return {
    gate_id, decision: decision.verdict, required: required.length, answered: answered.length,
    overridden: releases.counted.some(({ release }) => release.request.kind === "override"),
    refusing: standing.filter(({ effect }) => effect === "refuse").length, holding: standing.filter(({ effect }) => effect === "hold").length,
    valid_for: valid_for_s * 1000, released_for: ends_s === null ? YEAR_MS : Math.max(0, ends_s - now_s) * 1000,
    base: facts.change.history === "known" ? (facts.change.merge_base ?? "") : "", target, head, config_at: facts.trusted?.config_commit ?? "",
    credentials: credentialsIn(canonicalText(card.reasons)),
  };
}

/** Of an earlier verdict that is about to be given once more. Throws `invariant.violated`. */
export function guardRecalled(act: ActionGuard | undefined, { gate_id, verdict, bundle }: GateRow, stored: { readonly reply: Pick<StoredReply, "card">; readonly bundle: Uint8Array }): void {
  const { card } = stored.reply;
  act?.("gate_recalled", { gate_id, card_gate_id: card.gate_id ?? "", verdict, card_verdict: card.verdict, bundle, given: sha256Digest(stored.bundle) });
}

/** Changes that came in since the start; a number is given once while the daemon lives. */
let runs = 0;

/** Says that a change came in, and when it has its answer, whichever that is: who left and what failed is answered, too. */
export async function toldOf<T>(act: ActionGuard | undefined, line: { readonly tenant: string; readonly queued: number; readonly queue_max: number }, work: () => Promise<T>): Promise<T> {
  if (act === undefined) return work();
  const run = runs++;
  act("gate_submitted", { run, ...line });
  let how = "decided";
  try {
    return await work();
  } catch (error) {
    how = error instanceof MaestroError && error.code === "request.cancelled" ? "cancelled" : "failed";
    throw error;
  } finally {
    act("gate_answered", { run, how });
  }
}

/** Throws `invariant.violated`: then nothing was signed, logged or stored. */
export function guardDecision({ act, shelf, evidence }: Asking, decided: Decided): void {
  if (act === undefined) return;
  const { judgement: { releases, facts, began_s }, identity: { repo_id, head }, owner_uid } = decided;
  act("gate_decided", decidedFields(decided, evidence.now_s()));
  if (releases.counted.length === 0) return;
  const { roster } = shelf;
  const submission = { authors: facts.authors, submitters: [owner_uid, ...shelf.submitters({ repo_id, head })] };
  for (const { release: { request: { kind, person, expires } } } of releases.counted) {
    const known = roster.get(person);
    act("release_counted", { kind, person, author: known === null || roster.authorship(known, submission) !== null, ended: expires !== null && Date.parse(expires) <= began_s * 1000 });
  }
}
