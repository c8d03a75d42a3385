/** What `maestro verify-bundle` says of anybody's Sigstore bundle. */
import { Type, type Static } from "@sinclair/typebox";
import { Choice, Closed } from "./scalar.ts";
import { VerifyCode } from "./verification.ts";

/** Rules that only a bundle with a certificate has. */
const CertificateCode = Choice(["artifact.unreadable", "certificate.chain", "certificate.identity", "timestamp.invalid"]);

/** Which rule spoke; for a bundle with a key the words of our own verifier. */
export const SigstoreCode = Type.Union([VerifyCode, CertificateCode]);
export type SigstoreCode = Static<typeof SigstoreCode>;

const SigstoreSigner = Type.Union([
  Closed({ kind: Type.Literal("key"), fingerprint: Type.String() }),
  Closed({ kind: Type.Literal("certificate"), identity: Type.String(), issuer: Type.String() }),
]);

export const SigstoreVerdict = Type.Union(
  [
    Closed({
      result: Type.Literal("verified"),
      signer: SigstoreSigner,
      digest: Type.String({ description: "sha256: and hex of the artifact" }),
      predicate_type: Type.Union([Type.String(), Type.Null()], { description: "of the in-toto statement; null for a bare signature" }),
      log_entries: Type.Array(Closed({ log: Type.String(), index: Type.String() })),
      timestamps: Type.Array(Type.String(), { description: "when it was signed at the latest, by whoever vouches for the time" }),
      not_proved: Type.Array(Type.String()),
    }),
    Closed({ result: Choice(["failed", "not_judged"]), code: SigstoreCode, detail: Type.String() }),
  ],
  { $id: "SigstoreVerdict" },
);
export type SigstoreVerdict = Static<typeof SigstoreVerdict>;
