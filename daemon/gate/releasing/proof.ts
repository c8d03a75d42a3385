/** Whether it was the person: the kernel's word on a user that no job has, or a key that asks for its owner. */
import { canonicalBytes } from "../../../proto/canonical.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { PersonEntry } from "../../../proto/people.ts";
import { RELEASE_NAMESPACE, type ReleaseProof } from "../../../proto/release.ts";
import { ancestorNames } from "../../platform/ancestry.ts";
import type { Peer } from "../../platform/socket/index.ts";
import { agentAmong, type Roster, type Waiting } from "../../release/index.ts";
import { parseSshKey } from "../../verifier/ssh-key.ts";
import { verifySshSignature } from "../../verifier/sshsig.ts";

export const denied = (because: string): MaestroError => new MaestroError("release.denied", because);

/** Adds a refusal and never an approval: a process can leave its parents. Throws `release.denied`. */
export function requireNoAgent({ pid }: Pick<Peer, "pid">): void {
  const agent = agentAmong(ancestorNames(pid));
  if (agent !== null) throw denied(`${agent} is among the processes this command was started from; a release is given from a terminal of the person's own`);
}

/** The person who asks, by a key that will sign or by the user who asks. Throws `release.denied`. */
export function personOf(roster: Roster, peer: Pick<Peer, "uid">, public_key: string | undefined): { readonly person: PersonEntry; readonly fingerprint: string | null } {
  if (roster.people.length === 0) throw denied("the host configuration lists no people who could release anything; the operator adds them under `people`");
  if (public_key === undefined) {
    const person = roster.byUid(peer.uid);
    if (person === null) throw denied(`user ${peer.uid} is none of the people in the host configuration; sign with a key of one of them (--key FILE or --agent)`);
    return { person, fingerprint: null };
  }
  const key = parseSshKey(public_key);
  if (key === null) throw denied("that is no public key which is taken here: ed25519, ecdsa P-256, or either in a security key");
  const found = roster.byKey(key);
  if (found === null) throw denied(`${key.fingerprint} is the key of nobody in the host configuration`);
  return { person: found.person, fingerprint: key.fingerprint };
}

/** A user proves a person only where no job and no daemon runs as it. Throws `release.denied`. */
export function requireOwnUser({ uid }: Pick<Peer, "uid">, shared: boolean, own_uid: number): void {
  if (shared) throw denied(`jobs run as user ${uid} (tenants of the host configuration), so it proves nobody; sign with a key that asks for its owner (--key FILE or --agent)`);
  if (uid === own_uid && uid !== 0) throw denied(`the daemon itself runs as user ${uid}, so it proves nobody; sign with a key that asks for its owner (--key FILE or --agent)`);
}

/** The proof of an answer. Throws `release.denied` for a signature that is not this person's over this very request. */
export function proofOf(roster: Roster, { request, fingerprint }: Waiting, peer: Pick<Peer, "uid">, signature: string | undefined): ReleaseProof {
  if (fingerprint === null) {
    if (roster.byUid(peer.uid)?.id !== request.person) throw denied(`user ${peer.uid} is no longer ${request.person}'s`);
    return { by: "uid", uid: peer.uid };
  }
  if (signature === undefined) throw denied("the request was to be signed, and no signature came");
  const signed = verifySshSignature(signature, RELEASE_NAMESPACE, canonicalBytes(request));
  if (signed === null) throw denied("the signature is not one over this request: it may be of another request, another head or another namespace");
  if (signed.key.fingerprint !== fingerprint) throw denied("another key signed than the one that was announced");
  const found = roster.byKey(signed.key);
  if (found?.person.id !== request.person) throw denied(`the key is no longer ${request.person}'s`);
  if (signed.key.security_key && !signed.touched) throw denied("nobody touched the security key; make it without no-touch-required");
  return { by: "ssh-key", fingerprint, public_key: `${signed.key.type} ${Buffer.from(signed.key.wire).toString("base64")}`, presence: found.presence, signature };
}
