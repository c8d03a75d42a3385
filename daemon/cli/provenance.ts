/** What `maestro build` and `maestro verify --provenance` say of provenance: every word from signed bytes or from the trust file. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { fromBase64 } from "../../proto/encoding.ts";
import { MaestroError, VERIFY_EXIT } from "../../proto/errors.ts";
import { REPEAT_NAME } from "../../proto/predicates/provenance.ts";
import { openTrust, verifyProvenance, type ProvenanceVerification, type VerifiedProvenance } from "../verifier/index.ts";
import { escapeTerminal } from "./card/escape/terminal.ts";
import { printJson } from "./document.ts";
import { print } from "./output.ts";
import { readBundleFile, readTrustFile } from "./verification.ts";

/** As of now. A trust file that makes no sense is a failure that says so. */
export function provenanceOf(provenance: Uint8Array, trust_bytes: Uint8Array, artifact_sha256: string): ProvenanceVerification {
  const trust = openTrust(trust_bytes);
  return trust.ok ? verifyProvenance(provenance, trust.value, { artifact_sha256, now: new Date(), witnesses: "later" }) : { result: "failed", reason: trust.reason };
}

const LEVELS = {
  1: "SLSA build level 1: the provenance is there and whole, and its key is nobody's word but this machine's",
  2: "SLSA build level 2: a host of the operator ran it and signed this; level 3 is not claimed",
} as const;

function repeatText({ statement }: VerifiedProvenance): string[] {
  const found = statement.predicate.runDetails.byproducts.find(({ name }) => name === REPEAT_NAME);
  const text = found?.content === undefined ? null : fromBase64(found.content);
  return text === null ? [] : [`  a second run said: ${escapeTerminal(new TextDecoder().decode(text))}`];
}

export function describeProvenance(verified: ProvenanceVerification): string {
  if (verified.result !== "verified") return `${verified.result === "failed" ? "FAILED" : "UNKNOWN SIGNER"}  this is not provenance of that file\n  ${verified.reason.code}: ${escapeTerminal(verified.reason.detail)}`;
  const { statement: { predicate: { buildDefinition: { externalParameters, internalParameters }, runDetails } }, artifact, level, log, signer, witnesses } = verified;
  const { build, repository, commit, ref } = externalParameters;
  const where = ref === undefined ? "no branch was said to be at it" : `the tip of ${escapeTerminal(ref)}`;
  const seen = witnesses === null ? [] : [`  witnesses: ${witnesses.names.length} of ${witnesses.of}${witnesses.pending ? ", which is not the quorum yet" : ""}`];
  return [
    `VERIFIED offline  ${artifact === null ? "" : `${escapeTerminal(artifact)}: `}build ${build} of ${escapeTerminal(repository)} ${commit.slice(0, 12)} (${where}), recipe from the ${internalParameters.configuration.source}, by ${runDetails.builder.id}; log entry ${log.index} of ${log.size}; signed by ${signer}`,
    `  ${LEVELS[level]}`,
    ...seen,
    ...repeatText(verified),
  ].join("\n");
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) hash.update(piece);
  } catch (error) {
    throw new MaestroError("cli.usage", `${path} cannot be read`, { cause: error });
  }
  return hash.digest("hex");
}

/** `maestro verify ARTIFACT --provenance FILE`: prints what is proved and returns the exit code. */
export async function verifyArtifact(artifact: string, provenance: string, trust: string, json: boolean): Promise<number> {
  const verified = provenanceOf(readBundleFile(provenance), readTrustFile(trust), await digestOf(artifact));
  if (json) printJson(verified);
  else print(describeProvenance(verified));
  if (verified.result === "verified") return VERIFY_EXIT.verified;
  // A trust file that makes no sense says nothing of the provenance: the command line named the wrong file.
  if (verified.reason.code.startsWith("trust.")) return VERIFY_EXIT.usage;
  return verified.result === "failed" ? VERIFY_EXIT.failed : VERIFY_EXIT.unknown_signer;
}
