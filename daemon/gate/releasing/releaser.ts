/** A person releases what a gate held: ask, agree, record, judge again. Nothing is released before it is signed and logged. */
import type { Card } from "../../../proto/card.ts";
import type { GateResult } from "../../../proto/api.ts";
import { toBase32 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { isOwnReason, SEEN_FINGERPRINTS_MAX, type ReleaseKind, type ReleaseRequest, type SeenReason } from "../../../proto/release.ts";
import type { ReleaseAnswer, ReleaseAsk, ReleaseOffer } from "../../../proto/release-api.ts";
import type { PersonEntry } from "../../../proto/people.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";
import type { Peer } from "../../platform/socket/index.ts";
import { ANSWER_WITHIN_S, APPROVAL_RULE, decides, forgeable, marksOf, Requests, whyNot } from "../../release/index.ts";
import type { Artifacts } from "../../store/artifacts.ts";
import { payerOf, perhapsNamed, type GateRow, type Gates } from "../../store/gates.ts";
import { timestampOf } from "../../verifier/time.ts";
import type { Principal } from "../../tenants/index.ts";
import type { GateKeeper, Progress } from "../gate.ts";
import { findGate } from "../lookup.ts";
import { releasesFor, type PeopleOf, type ReleaseShelf } from "./released.ts";
import { denied, personOf, proofOf, requireNoAgent, requireOwnUser } from "./proof.ts";
import { recordRelease, type ReleaseRecordDeps } from "./record.ts";
import { readReply, type StoredReply } from "../reply.ts";
import type { Evidence } from "../../evidence/index.ts";

export interface ReleaserDeps extends ReleaseRecordDeps {
  readonly shelf: ReleaseShelf;
  readonly keeper: GateKeeper;
  readonly host: PeopleOf;
  readonly gates: Gates;
  readonly artifacts: Artifacts;
  readonly evidence: Evidence;
  readonly clock: Pick<Clock, "monotonic_ms">;
  readonly random: Random;
  readonly own_uid: number;
  /** Whether jobs run as this user. */
  readonly inTenant: (peer: Pick<Peer, "uid" | "gid" | "groups">) => boolean;
}

type Caller = Pick<Peer, "uid" | "gid" | "groups" | "pid">;

const NONCE_BYTES = 16;
const OVERRIDE_DEFAULT_S = 4 * 3600;
const REASONS_MAX = 256;
const BECAUSE_CHARACTERS_MAX = 1000;

/** A gate on record with everything that judging it again takes. */
export interface Recalled {
  readonly row: GateRow;
  readonly card: Card;
  readonly target: string;
  readonly authors: NonNullable<StoredReply["authors"]>;
}

function seenBy(card: Card, kind: ReleaseKind): SeenReason[] {
  const found = card.reasons.filter((reason) => decides(reason) && whyNot(reason, kind) === null);
  const byRule = Map.groupBy(found, ({ rule, effect }) => `${rule} ${effect}`);
  return [...byRule.values()].map((group) => ({ rule: group[0]!.rule, effect: group[0]!.effect === "refuse" ? "refuse" : "hold", fingerprints: [...new Set(group.flatMap(marksOf))] }));
}

function stays(card: Card, kind: ReleaseKind): ReleaseOffer["stays"] {
  return card.reasons.filter(decides).flatMap((reason) => {
    const because = whyNot(reason, kind);
    return because === null ? [] : [{ rule: reason.rule, because: because.slice(0, BECAUSE_CHARACTERS_MAX) }];
  }).slice(0, REASONS_MAX);
}

/** A commit may be gated in several repositories and for several targets, and a release is of one of them. Throws `request.malformed`. */
function requireOneChange(gates: Gates, found: GateRow, text: string): void {
  const { gate_id, repo_id, head } = found;
  if (!head.startsWith(text)) return;
  const change = gates.summaries.get(found)?.change;
  if (perhapsNamed(gates, [head]).every((row) => row.head !== head || (row.repo_id === repo_id && gates.summaries.get(row)?.change === change))) return;
  throw new MaestroError("request.malformed", `${head.slice(0, 12)} was gated in several repositories or for several targets; give the start of the gate's id (maestro card), the newest is ${gate_id}`);
}

export class Releaser {
  private readonly requests: Requests;

  constructor(private readonly deps: ReleaserDeps) {
    this.requests = new Requests(() => deps.clock.monotonic_ms());
  }

  /** The newest attempt that `text` names, for somebody who may see it. Throws `request.not_found`, and `release.nothing` for one from before a release was possible. */
  async recall(reader: Principal, peer: Pick<Peer, "uid">, text: string): Promise<Recalled> {
    const { shelf, gates, artifacts } = this.deps;
    // A person of the table reads what they are asked to release, whoever's it is.
    const seer: Principal = shelf.roster.byUid(peer.uid) === null ? reader : { ...reader, tenant: null };
    const row = findGate(gates, seer, text);
    requireOneChange(gates, row, text);
    const stored = await readReply(artifacts, row);
    const { card, target, authors } = stored?.reply ?? {};
    if (card === undefined || target === undefined || authors === undefined) throw new MaestroError("release.nothing", `attempt ${row.attempt.attempt} of ${row.gate_id} does not say what judging it again takes; gate the change again`);
    return { row, card, target, authors };
  }

  /** What the person is about to put their name to. Throws `release.denied`, `release.nothing`, `request.busy`, `request.malformed`. */
  async ask(reader: Principal, peer: Caller, ask: ReleaseAsk): Promise<ReleaseOffer> {
    const { shelf, evidence, random } = this.deps;
    if (!isOwnReason(ask.reason)) throw new MaestroError("request.malformed", "the reason still says what stands in its place; it is signed and logged, so say in your own words what you looked at");
    const { person, fingerprint } = personOf(shelf.roster, peer, ask.public_key);
    const gate = await this.recall(reader, peer, ask.gate);
    this.requireMay(person, ask.kind, peer, fingerprint, gate);
    const { card, row } = gate;
    const reasons = this.releasable(card, ask.kind);
    const now_s = evidence.now_s();
    const request: ReleaseRequest = {
      type: "maestro.release-request", v: 1, kind: ask.kind, trust_domain: evidence.trust_domain, mode: card.mode, repo_id: card.repository, target_ref: card.target_ref,
      head: card.head, gate_id: row.gate_id, attempt: row.attempt.attempt, reasons, person: person.id, reason: ask.reason,
      expires: this.expires(ask, now_s), second_of: await this.first(person, ask.kind, gate),
      nonce: toBase32(random.bytes(NONCE_BYTES)), answer_until: timestampOf(now_s + ANSWER_WITHIN_S),
    };
    this.requests.put({ request, peer_uid: peer.uid, fingerprint });
    return { request, card, stays: stays(card, ask.kind) };
  }

  private releasable(card: Card, kind: ReleaseKind): SeenReason[] {
    if (card.verdict === "admit") throw new MaestroError("release.nothing", "it is admitted: there is nothing to release");
    const wanted = card.reasons.some((reason) => decides(reason) && reason.rule === APPROVAL_RULE);
    const reasons = seenBy(card, kind);
    const left = stays(card, kind).map(({ rule, because }) => `${rule}: ${because}`).join("; ");
    // Who approves where paths ask for it has released something although no other rule holds.
    if (reasons.length === 0 && !(kind === "approve" && wanted)) throw new MaestroError("release.nothing", left.slice(0, BECAUSE_CHARACTERS_MAX));
    const marks = reasons.reduce((sum, { fingerprints }) => sum + fingerprints.length, 0);
    if (marks > SEEN_FINGERPRINTS_MAX || reasons.length > REASONS_MAX) throw new MaestroError("release.nothing", `${marks} findings are more than a person looks at (${SEEN_FINGERPRINTS_MAX}); split the change`);
    return reasons;
  }

  /** Throws `release.denied`; said before anything is signed, and looked at once more when the new attempt is made. */
  private requireMay(person: PersonEntry, kind: ReleaseKind, peer: Caller, fingerprint: string | null, { row, authors }: Pick<Recalled, "row" | "authors">): void {
    const { shelf, inTenant, own_uid } = this.deps;
    requireNoAgent(peer);
    const submitters = shelf.submitters(row);
    const forged = forgeable(shelf.deps.config_owner(), submitters);
    if (forged !== null) throw denied(forged);
    if (!person.may.includes(kind)) throw denied(`${person.id} may not ${kind} by the host configuration`);
    if (fingerprint === null) requireOwnUser(peer, inTenant(peer), own_uid);
    const author = shelf.roster.authorship(person, { authors, submitters });
    if (author !== null) throw denied(`${person.id} is the author of this change: ${author}; another person has to look at it`);
  }

  private expires({ kind, expires_s }: ReleaseAsk, now_s: number): string | null {
    const { expires_s_max } = this.deps.host.override;
    if (kind === "approve") return expires_s === undefined ? null : timestampOf(now_s + expires_s);
    if ((expires_s ?? 0) > expires_s_max) throw denied(`an override may last ${expires_s_max} s at most (override.expires_s_max)`);
    return timestampOf(now_s + Math.min(expires_s ?? OVERRIDE_DEFAULT_S, expires_s_max));
  }

  /** The override that waits for a second person; one's own is no second. */
  private async first(person: PersonEntry, kind: ReleaseKind, { row, card, authors }: Recalled): Promise<string | null> {
    if (kind !== "override") return null;
    const place = { repo_id: card.repository, target_ref: card.target_ref, head: card.head };
    const { people, groups, override } = this.deps.host;
    const { releases } = releasesFor({ people, groups, override, keyed: this.deps.shelf.deps.keyed }, await this.deps.shelf.onRecord(place, row.owner_uid), { authors, approvals: { needs: [], unclear: null } });
    if (releases.waiting.length > 0 && releases.waiting.every(({ release }) => release.request.person === person.id)) throw denied(`${person.id} has overridden this head already; it waits for another person`);
    return releases.waiting.find(({ release }) => release.request.person !== person.id)?.statement_sha256 ?? null;
  }

  /** Records the release and judges the same head again. Throws `release.stale`, `release.denied`, and what a gate throws. */
  async answer(peer: Caller, { nonce, signature }: ReleaseAnswer, listen: (event: Progress) => void, signal: AbortSignal): Promise<{ readonly request: ReleaseRequest; readonly result: GateResult }> {
    const { shelf, gates, artifacts } = this.deps;
    const waiting = this.requests.take(nonce, peer.uid);
    const { request } = waiting;
    const row = gates.get(request.gate_id, request.attempt);
    const stored = row === undefined ? null : await readReply(artifacts, row);
    if (row === undefined || stored?.reply.authors === undefined || stored.reply.target === undefined) throw new MaestroError("release.stale", "the gate it speaks of is gone");
    const person = shelf.roster.get(request.person);
    if (person === null) throw denied(`${request.person} is no longer among the people of the host configuration`);
    const proof = proofOf(shelf.roster, waiting, peer, signature);
    this.requireMay(person, request.kind, peer, waiting.fingerprint, { row, authors: stored.reply.authors });
    await recordRelease(this.deps, request, proof, payerOf(row));
    const result = await this.again({ row, card: stored.reply.card, target: stored.reply.target, authors: stored.reply.authors }, listen, signal);
    return { request, result };
  }

  /** The same head once more, by the daemon itself: its objects are in its store. */
  private again({ row, card, target }: Recalled, listen: (event: Progress) => void, signal: AbortSignal): Promise<GateResult> {
    return this.deps.keeper.again(row, card, target, listen, signal);
  }
}
