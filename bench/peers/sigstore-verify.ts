/**
 * Verifies a Sigstore bundle with @sigstore/verify: `TRUSTED_ROOT PEM BUNDLE [ARTIFACT]`. Prints the statement's predicate type, or ends with
 * its error code. The library never sees an artifact beside a statement, so its digest is compared here, as every caller has to.
 */
import { readFileSync } from "node:fs";
import { createHash, createPublicKey } from "node:crypto";
import { bundleFromJSON } from "@sigstore/bundle";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";

const [root = "", pem = "", file = "", artifact] = process.argv.slice(2);
const json = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));
const publicKey = createPublicKey(readFileSync(pem, "utf8"));
const trust = toTrustMaterial(TrustedRoot.fromJSON(json(root)), () => ({ publicKey, validFor: () => true }));
try {
  const bundle = bundleFromJSON(json(file));
  new Verifier(trust, { tlogThreshold: 1, ctlogThreshold: 0, timestampThreshold: 0 }).verify(toSignedEntity(bundle));
  if (bundle.content.$case !== "dsseEnvelope") throw new Error("no envelope");
  const { predicateType, subject } = JSON.parse(bundle.content.dsseEnvelope.payload.toString()) as { predicateType: string; subject: { digest: Record<string, string> }[] };
  if (artifact !== undefined && !subject.some(({ digest }) => digest["sha256"] === createHash("sha256").update(readFileSync(artifact)).digest("hex"))) throw new Error("the artifact is no subject");
  process.stdout.write(`${predicateType}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error && "code" in error ? String(error.code) : String(error)}\n`);
  process.exitCode = 1;
}
