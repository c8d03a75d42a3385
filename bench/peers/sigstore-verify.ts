/** Verifies a Sigstore bundle with @sigstore/verify: `TRUSTED_ROOT PEM BUNDLE`. Prints the statement's predicate type, or ends with its error code. */
import { readFileSync } from "node:fs";
import { createPublicKey } from "node:crypto";
import { bundleFromJSON } from "@sigstore/bundle";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";

const [root = "", pem = "", file = ""] = process.argv.slice(2);
const json = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));
const publicKey = createPublicKey(readFileSync(pem, "utf8"));
const trust = toTrustMaterial(TrustedRoot.fromJSON(json(root)), () => ({ publicKey, validFor: () => true }));
try {
  const bundle = bundleFromJSON(json(file));
  new Verifier(trust, { tlogThreshold: 1, ctlogThreshold: 0, timestampThreshold: 0 }).verify(toSignedEntity(bundle));
  if (bundle.content.$case !== "dsseEnvelope") throw new Error("no envelope");
  process.stdout.write(`${(JSON.parse(bundle.content.dsseEnvelope.payload.toString()) as { predicateType: string }).predicateType}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error && "code" in error ? String(error.code) : String(error)}\n`);
  process.exitCode = 1;
}
