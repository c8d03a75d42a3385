// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type DsseEnvelope = {
  /** standard base64 with padding */
  readonly payload: string;
  readonly payloadType: "application/vnd.in-toto+json";
  readonly signatures: readonly {
    /** standard base64 with padding */
    readonly sig: string;
    /** SSH-style key fingerprint */
    readonly keyid: string;
  }[];
};

export type SigstoreBundle = {
  readonly mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json";
  readonly verificationMaterial: {
    readonly publicKey: {
      /** SSH-style key fingerprint */
      readonly hint: string;
    };
    readonly tlogEntries: readonly TlogEntry[];
  };
  readonly dsseEnvelope: DsseEnvelope;
};

export type TlogEntry = {
  readonly logIndex: string;
  readonly logId: {
    /** standard base64 with padding */
    readonly keyId: string;
  };
  readonly kindVersion: {
    readonly kind: "hashedrekord";
    readonly version: "0.0.2";
  };
  readonly inclusionProof: {
    readonly logIndex: string;
    /** standard base64 with padding */
    readonly rootHash: string;
    readonly treeSize: string;
    readonly hashes: readonly string[];
    readonly checkpoint: {
      readonly envelope: string;
    };
  };
  /** standard base64 with padding */
  readonly canonicalizedBody: string;
};
