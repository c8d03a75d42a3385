/** A person closes a breaker before its time. It is signed and logged first; a request is of one opening, so it is good once. */
import { BREAKER_RESET_NAMESPACE, type BreakerReset, type BreakerResetAsk, type BreakerResetReply, type BreakerResetRequest, type BreakerView } from "../../../proto/breaker.ts";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { PersonEntry } from "../../../proto/people.ts";
import { isOwnReason, type ReleaseProof } from "../../../proto/release.ts";
import type { Evidence } from "../../evidence/index.ts";
import type { Peer } from "../../platform/socket/index.ts";
import { forgeable, type Roster } from "../../release/index.ts";
import type { Artifacts } from "../../store/artifacts.ts";
import { keepEnvelope } from "../../store/envelopes.ts";
import { verifySshSignature } from "../../verifier/sshsig.ts";
import { timestampOf } from "../../verifier/time.ts";
import { denied, personOf, requireNoAgent, requireOwnUser } from "./proof.ts";

type Caller = Pick<Peer, "uid" | "gid" | "groups" | "pid">;

/** Whoever keeps the breakers. */
export interface BreakerShelf {
  views(party: string | null): BreakerView[];
  /** Inside `Store.atomic`. */
  close(action: BreakerView["action"], party: string): void;
}

export interface BreakerResetDeps {
  readonly breakers: BreakerShelf;
  readonly roster: () => Roster;
  readonly config_owner: () => number | null;
  readonly evidence: Pick<Evidence, "trust_domain" | "now_s" | "resetBreaker">;
  readonly artifacts: Pick<Artifacts, "putArtifact">;
  readonly own_uid: number;
  /** Whether jobs run as this user. */
  readonly inTenant: (peer: Pick<Peer, "uid" | "gid" | "groups">) => boolean;
}

const isOf = (request: BreakerResetRequest, view: BreakerView): boolean => view.action === request.action && view.party === request.party && view.trips === request.trips && view.opened === request.opened;

/** The kernel's word on a user that no job has, or the person's own signature over this very request. */
function proofOf({ request, public_key, signature }: BreakerResetAsk, person: PersonEntry, fingerprint: string | null, roster: Roster, peer: Caller): ReleaseProof {
  if (fingerprint === null || public_key === undefined) return { by: "uid", uid: peer.uid };
  if (signature === undefined) throw denied("a key was announced, and no signature came");
  const signed = verifySshSignature(signature, BREAKER_RESET_NAMESPACE, canonicalBytes(request));
  if (signed === null) throw denied("the signature is not one over this request: it may be of another opening, another breaker or another namespace");
  const found = roster.byKey(signed.key);
  if (signed.key.fingerprint !== fingerprint || found?.person.id !== person.id) throw denied("another key signed than the one that was announced");
  if (signed.key.security_key && !signed.touched) throw denied("nobody touched the security key; make it without no-touch-required");
  return { by: "ssh-key", fingerprint, public_key: `${signed.key.type} ${Buffer.from(signed.key.wire).toString("base64")}`, presence: found.presence, signature };
}

/** Throws `release.denied`; `release.stale` for an opening that is over, or is another one by now. */
export async function resetBreaker(deps: BreakerResetDeps, peer: Caller, ask: BreakerResetAsk): Promise<BreakerResetReply> {
  const { request } = ask;
  const { breakers, evidence, artifacts, inTenant, own_uid } = deps;
  const roster = deps.roster();
  if (request.trust_domain !== evidence.trust_domain) throw denied(`the request is for ${request.trust_domain}, and this node is of ${evidence.trust_domain}`);
  if (!isOwnReason(request.reason)) throw new MaestroError("request.malformed", "the reason still says what stands in its place; it is signed and logged, so say in your own words what you looked at");
  requireNoAgent(peer);
  const { person, fingerprint } = personOf(roster, peer, ask.public_key);
  const forged = forgeable(deps.config_owner(), []);
  if (forged !== null) throw denied(forged);
  if (!person.may.includes("override")) throw denied(`${person.id} may not override by the host configuration, and closing a breaker overrides what it decided`);
  if (person.uids?.some((uid) => String(uid) === request.party) === true) throw denied(`it is ${person.id}'s own breaker; another person has to look at it, or wait until it half-opens`);
  if (fingerprint === null) requireOwnUser(peer, inTenant(peer), own_uid);
  const proof = proofOf(ask, person, fingerprint, roster, peer);
  const stale = (): MaestroError => new MaestroError("release.stale", `${request.action} of ${request.party} is not open as that request says; see maestro breaker list`);
  if (!breakers.views(request.party).some((view) => isOf(request, view))) throw stale();
  const reset: BreakerReset = { request, person: person.id, proof, at: timestampOf(evidence.now_s()) };
  const log_index = await evidence.resetBreaker(reset, (bytes) => keepEnvelope(artifacts, `breaker-reset-${request.action}-${evidence.now_s()}`, bytes), () => {
    // Two people may ask at once, and it may have opened anew while the entry waited for its turn.
    if (!breakers.views(request.party).some((view) => isOf(request, view))) throw stale();
    breakers.close(request.action, request.party);
  });
  return { person: person.id, log_index };
}
