/** The core's side of keyless signing: what it hands to the helper, one statement at a time. */
import { toBase64 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { egressLink, GRACE_MS, unexpected, type EgressDeps } from "../index.ts";
import type { Link } from "../link.ts";
import { KEYLESS_DEADLINE_MS } from "./sign.ts";

export interface Keyless {
  /** A Sigstore bundle v0.3 over the statement, and whose certificate it has. Throws `egress.*`, `request.busy`, `request.not_found`. */
  sign(payload: Uint8Array): Promise<{ readonly bundle: string; readonly identity: string; readonly issuer: string }>;
  close(): Promise<void>;
}

/** Starts nothing before it is asked. A sealed node refuses by name, configured or not. */
export function createKeyless(deps: EgressDeps): Keyless {
  const { modes, keyless } = deps.host;
  if (modes.includes("sealed")) return without(new MaestroError("egress.sealed", "mode sealed: the managed key is the only one"));
  if (keyless === null) return without(new MaestroError("request.not_found", "the host configuration names no keyless services; see docs/keyless.md"));
  const { identity, issuer } = keyless;
  const line = new OneAtATime(deps);
  return { sign: async (payload) => ({ bundle: await line.sign(payload), identity, issuer }), close: () => line.close() };
}

const without = (why: MaestroError): Keyless => ({ sign: () => Promise.reject(why), close: () => Promise.resolve() });

class OneAtATime {
  #link: Link | null = null;
  #busy = false;

  constructor(private readonly deps: EgressDeps) {}

  async sign(payload: Uint8Array): Promise<string> {
    // Each is an entry in a log that never forgets.
    if (this.#busy) throw new MaestroError("request.busy", "another statement is being signed");
    this.#busy = true;
    try {
      this.#link ??= egressLink(this.deps);
      await using talk = await this.#link.open(undefined, () => undefined);
      const reply = await talk.ask({ kind: "keyless", payload: toBase64(payload), deadline_ms: KEYLESS_DEADLINE_MS }, KEYLESS_DEADLINE_MS + GRACE_MS);
      if (reply.kind !== "keyless") throw unexpected(reply);
      return reply.bundle;
    } finally {
      this.#busy = false;
    }
  }

  async close(): Promise<void> {
    await this.#link?.close();
  }
}
