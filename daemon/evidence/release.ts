/** A release becomes a log entry and a bundle of its own. */
import { sha256 } from "@noble/hashes/sha2.js";
import { STATEMENT_TYPE, type ReleaseStatement } from "../../proto/attestation.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import { fromBase64, toHex } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { RELEASE_PREDICATE, type Release } from "../../proto/release.ts";
import { verifyRelease } from "../verifier/release.ts";
import { signStatement, sigstoreBundle } from "./attest/index.ts";
import type { Keys } from "./keys/index.ts";
import type { LogReceipt } from "./log/index.ts";

export interface LoggedRelease {
  readonly release: Release;
  readonly bundle: Uint8Array;
  readonly log_index: number;
  readonly statement_sha256: string;
}

/** `finish` runs once the entry has its place; it throws where our own verifier would refuse the outcome, which undoes the entry. */
export function signedRelease(release: Release, keys: Keys): { readonly entry: Uint8Array; readonly finish: (receipt: LogReceipt) => LoggedRelease } {
  const statement: ReleaseStatement = {
    _type: STATEMENT_TYPE,
    subject: [{ name: "git:head", digest: { gitCommit: release.request.head } }],
    predicateType: RELEASE_PREDICATE,
    predicate: release,
  };
  const signed = signStatement(statement, keys.gate);
  const payload = fromBase64(signed.envelope.payload) ?? new Uint8Array();
  return {
    entry: signed.entry,
    finish(receipt) {
      const bundle = canonicalBytes(sigstoreBundle(signed, receipt));
      const verified = verifyRelease(bundle, keys.trust, new Date(release.at));
      if (verified.result !== "verified") throw refusal(verified.reason);
      return { release, bundle, log_index: receipt.index, statement_sha256: toHex(sha256(payload)) };
    },
  };
}

function refusal({ code, detail }: { readonly code: string; readonly detail: string }): MaestroError {
  if (!code.startsWith("signer.")) return new MaestroError("internal.bug", `release: ${code}: ${detail}`);
  return new MaestroError("evidence.keys", `the trust file does not let this node sign releases (${detail}); sign the node's trust.json anew with maestro trust sign`);
}
