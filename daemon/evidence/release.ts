/** A release becomes a log entry and a bundle of its own. */
import { sha256 } from "@noble/hashes/sha2.js";
import { STATEMENT_TYPE, type ReleaseStatement } from "../../proto/attestation.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import { fromBase64, toHex } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { RELEASE_PREDICATE, type Release } from "../../proto/release.ts";
import { verifyRelease } from "../verifier/release.ts";
import { signStatement, sigstoreBundle, type SignedEnvelope } from "./attest/index.ts";
import type { Keys } from "./keys/index.ts";
import type { Log, LogReceipt } from "./log/index.ts";

export interface LoggedRelease {
  readonly release: Release;
  readonly bundle: Uint8Array;
  readonly log_index: number;
  readonly statement_sha256: string;
}

/** The bundle of a release that has its place. Throws where our own verifier would refuse it, which undoes the entry. */
function bundled(signed: SignedEnvelope, receipt: LogReceipt, release: Release, keys: Keys): LoggedRelease {
  const bundle = canonicalBytes(sigstoreBundle(signed, receipt));
  const verified = verifyRelease(bundle, keys.trust, new Date(release.at), "later");
  if (verified.result !== "verified") throw refusal(verified.reason);
  const payload = fromBase64(signed.envelope.payload) ?? new Uint8Array();
  return { release, bundle, log_index: receipt.index, statement_sha256: toHex(sha256(payload)) };
}

/** Signs and appends; `commit` runs in the log's own transaction. Durable when it resolves. */
export function logRelease(log: Pick<Log, "append">, time_s: number, release: Release, keys: Keys, commit: (logged: LoggedRelease) => void): Promise<LoggedRelease> {
  const statement: ReleaseStatement = {
    _type: STATEMENT_TYPE,
    subject: [{ name: "git:head", digest: { gitCommit: release.request.head } }],
    predicateType: RELEASE_PREDICATE,
    predicate: release,
  };
  const signed = signStatement(statement, keys.gate);
  return log.append([signed.entry], time_s, ([receipt]) => {
    if (receipt === undefined) throw new MaestroError("internal.bug", "log: no receipt for the entry");
    const logged = bundled(signed, receipt, release, keys);
    commit(logged);
    return logged;
  });
}

function refusal({ code, detail }: { readonly code: string; readonly detail: string }): MaestroError {
  if (!code.startsWith("signer.")) return new MaestroError("internal.bug", `release: ${code}: ${detail}`);
  return new MaestroError("evidence.keys", `the trust file does not let this node sign releases (${detail}); sign the node's trust.json anew with maestro trust sign`);
}
