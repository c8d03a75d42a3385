/**
 * Other people's Sigstore bundles and trusted roots, in protobuf JSON, as far
 * as a managed key needs them. Ours, which are stricter, are in `attestation.ts`.
 */
import { Type, type Static } from "@sinclair/typebox";
import { Base64, Closed } from "./scalar.ts";

/** Protobuf JSON writes 64-bit integers as strings and accepts numbers. */
const Int64 = Type.Union([Type.String({ pattern: "^(?:0|-?[1-9][0-9]{0,18})$" }), Type.Integer()]);
const Text = Type.String({ maxLength: 4096 });

export const ForeignLogEntry = Closed({
  logIndex: Type.Optional(Int64),
  logId: Closed({ keyId: Base64 }),
  kindVersion: Closed({ kind: Text, version: Text }),
  integratedTime: Type.Optional(Int64),
  inclusionPromise: Type.Optional(Closed({ signedEntryTimestamp: Base64 })),
  inclusionProof: Type.Optional(
    Closed({
      logIndex: Type.Optional(Int64),
      rootHash: Base64,
      treeSize: Int64,
      hashes: Type.Optional(Type.Array(Base64, { maxItems: 63 })),
      checkpoint: Closed({ envelope: Type.String({ maxLength: 128 * 1024 }) }),
    }),
  ),
  canonicalizedBody: Base64,
});
export type ForeignLogEntry = Static<typeof ForeignLogEntry>;

const Certificate = Closed({ rawBytes: Base64 });

/** Bundle v0.1 to v0.3 (protobuf-specs, sigstore_bundle.proto). Timestamps are only carried: who reads them needs certificates. */
export const ForeignBundle = Closed({
  mediaType: Text,
  verificationMaterial: Closed({
    publicKey: Type.Optional(Closed({ hint: Type.Optional(Text) })),
    certificate: Type.Optional(Certificate),
    x509CertificateChain: Type.Optional(Closed({ certificates: Type.Optional(Type.Array(Certificate, { maxItems: 16 })) })),
    tlogEntries: Type.Optional(Type.Array(ForeignLogEntry, { maxItems: 32 })),
    timestampVerificationData: Type.Optional(Closed({ rfc3161Timestamps: Type.Optional(Type.Array(Closed({ signedTimestamp: Base64 }), { maxItems: 32 })) })),
  }),
  messageSignature: Type.Optional(Closed({ messageDigest: Type.Optional(Closed({ algorithm: Text, digest: Base64 })), signature: Base64 })),
  dsseEnvelope: Type.Optional(
    Closed({
      payload: Base64,
      payloadType: Text,
      signatures: Type.Array(Closed({ sig: Base64, keyid: Type.Optional(Text) }), { maxItems: 16 }),
    }),
  ),
});
export type ForeignBundle = Static<typeof ForeignBundle>;

/** The logs of a trusted root. The rest of the file is about certificates and is not read here. */
export const ForeignTrustedRoot = Type.Object({
  mediaType: Text,
  tlogs: Type.Optional(
    Type.Array(
      Type.Object({
        baseUrl: Text,
        publicKey: Type.Object({
          rawBytes: Base64,
          keyDetails: Text,
          validFor: Type.Optional(Type.Object({ start: Type.Optional(Text), end: Type.Optional(Type.Union([Text, Type.Null()])) })),
        }),
        logId: Type.Object({ keyId: Base64 }),
      }),
      { maxItems: 256 },
    ),
  ),
});
export type ForeignTrustedRoot = Static<typeof ForeignTrustedRoot>;

/** An in-toto statement of any predicate: what it is about is read, what it says is its own affair. */
export const ForeignStatement = Type.Object({
  _type: Text,
  subject: Type.Array(Type.Object({ name: Type.Optional(Text), digest: Type.Record(Type.String({ maxLength: 64 }), Type.String({ maxLength: 512 })) }), { maxItems: 10_000 }),
  predicateType: Text,
});
