/** Requests that wait for their person: each is good once, for a while, and for whoever asked for it. In memory: a restart forgets them, and the person asks again. */
import { MaestroError } from "../../proto/errors.ts";
import type { ReleaseRequest } from "../../proto/release.ts";

/** Long enough to touch a key and read a card. */
export const ANSWER_WITHIN_S = 600;
const WAITING_MAX = 1_024;
const WAITING_OF_ONE_USER_MAX = 64;

export interface Waiting {
  readonly request: ReleaseRequest;
  readonly peer_uid: number;
  /** Of the key that will sign; null where the caller's user is the proof. */
  readonly fingerprint: string | null;
}

export class Requests {
  private readonly waiting = new Map<string, Waiting & { readonly ends_ms: number }>();

  constructor(private readonly monotonic_ms: () => number) {}

  /** Throws `request.busy`. */
  put(one: Waiting): void {
    const now_ms = this.monotonic_ms();
    for (const [nonce, { ends_ms }] of this.waiting) if (ends_ms <= now_ms) this.waiting.delete(nonce);
    const own = [...this.waiting.values()].filter(({ peer_uid }) => peer_uid === one.peer_uid).length;
    if (this.waiting.size >= WAITING_MAX || own >= WAITING_OF_ONE_USER_MAX) throw new MaestroError("request.busy", "too many releases wait for an answer");
    this.waiting.set(one.request.nonce, { ...one, ends_ms: now_ms + ANSWER_WITHIN_S * 1000 });
  }

  /** Takes it out, whatever comes of it: a second answer finds nothing. Throws `release.stale`. */
  take(nonce: string, peer_uid: number): Waiting {
    const found = this.waiting.get(nonce);
    // Somebody else's is as unknown as none, and stays for its owner.
    if (found === undefined || found.peer_uid !== peer_uid) throw new MaestroError("release.stale", "there is no such request: it was answered, it ended, or the daemon started anew");
    this.waiting.delete(nonce);
    if (found.ends_ms <= this.monotonic_ms()) throw new MaestroError("release.stale", `it was to be answered within ${ANSWER_WITHIN_S} s`);
    return found;
  }
}
