/** What was signed, for the library to ask: as its own, but a bare signature is compared with the artifact, and may be known by digest alone. */
import { verify, type KeyObject } from "node:crypto";
import type { Bundle, MessageSignature } from "@sigstore/bundle";
import { HashAlgorithm } from "@sigstore/protobuf-specs";
import type { SignedEntity } from "@sigstore/verify";
import { equalBytes } from "../../../proto/encoding.ts";
import { publicKeyFromSpki } from "../../verifier/keys.ts";
import { verifyForeignDigest } from "../../verifier/sigstore/key.ts";
import type { Artifact, HashName } from "./artifact.ts";
import { Refusal } from "./refusal.ts";

type Content = SignedEntity["signature"];

const HASHES: ReadonlyMap<HashAlgorithm, HashName> = new Map([
  [HashAlgorithm.SHA2_256, "sha256"],
  [HashAlgorithm.SHA2_384, "sha384"],
  [HashAlgorithm.SHA2_512, "sha512"],
]);

/** Null for a DSSE envelope, which holds what was signed. */
export async function messageContent({ content }: Bundle, artifact: Artifact): Promise<Content | null> {
  return content.$case === "messageSignature" ? MessageContent.open(content.messageSignature, artifact) : null;
}

class MessageContent implements Content {
  private constructor(
    readonly signature: Buffer,
    private readonly hash: HashName,
    private readonly digest: Buffer,
    private readonly artifact: Artifact,
  ) {}

  static async open({ messageDigest, signature }: MessageSignature, artifact: Artifact): Promise<MessageContent> {
    const hash = HASHES.get(messageDigest.algorithm);
    if (hash === undefined) throw new Refusal("bundle.malformed", "messageDigest has an algorithm this verifier does not know");
    const digest = await artifact.digest(hash);
    if (digest === null) throw new Refusal("artifact.unreadable", `the signature is over ${hash}: give the file, its SHA-256 does not tell`);
    // The bundle's digest is a hint that nobody signed; one that is wrong is still said, as the suite wants it.
    if (!equalBytes(digest, messageDigest.digest)) throw new Refusal("artifact.digest", `its ${hash} is ${digest.toString("hex")}, the bundle is of ${messageDigest.digest.toString("hex")}`);
    return new MessageContent(signature, hash, digest, artifact);
  }

  compareSignature(signature: Buffer): boolean {
    return equalBytes(signature, this.signature);
  }

  compareDigest(digest: Buffer): boolean {
    return equalBytes(digest, this.digest);
  }

  compareSignedDigest(digest: Buffer): boolean {
    return this.compareDigest(digest);
  }

  verifySignature(key: KeyObject): boolean {
    const p256 = this.hash === "sha256" && key.asymmetricKeyType === "ec" ? publicKeyFromSpki("ecdsa-p256-sha256", key.export({ type: "spki", format: "der" })) : null;
    if (p256 !== null) return verifyForeignDigest(p256, this.digest, this.signature);
    const bytes = this.artifact.bytes();
    if (bytes === null) throw new Refusal("artifact.unreadable", `a key of kind ${key.asymmetricKeyType ?? "unknown"} verifies no digest: give the file`);
    // Ed25519 hashes by itself (RFC 8032), and node asks for no name then.
    return verify(key.asymmetricKeyType === "ed25519" ? null : this.hash, bytes, key, this.signature);
  }
}
