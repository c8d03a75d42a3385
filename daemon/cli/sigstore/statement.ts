/** An envelope says nothing of a file unless its statement names it. */
import type { Bundle } from "@sigstore/bundle";
import { ForeignStatement } from "../../../proto/foreign-bundle.ts";
import { readForeign } from "../../verifier/schema.ts";
import { SIGSTORE_BYTES_MAX } from "../../verifier/sigstore.ts";
import type { Artifact } from "./artifact.ts";
import { Refusal } from "./refusal.ts";

const LIMITS = { bytes_max: SIGSTORE_BYTES_MAX, depth_max: 64 } as const;
const IN_TOTO = "application/vnd.in-toto+json";
const STATEMENT_TYPES: readonly string[] = ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];

/** The predicate type of a statement about this artifact; null for a bundle without one. Asked after the signature over it has been verified. */
export function checkStatement({ content }: Bundle, artifact: Artifact): string | null {
  if (content.$case !== "dsseEnvelope") return null;
  const { payload, payloadType } = content.dsseEnvelope;
  if (payloadType !== IN_TOTO) throw new Refusal("statement.malformed", `the payload is ${payloadType}, not an in-toto statement`);
  const statement = readForeign(ForeignStatement, payload, LIMITS);
  if ("because" in statement) throw new Refusal("statement.malformed", statement.because);
  const { _type, subject, predicateType } = statement.value;
  if (!STATEMENT_TYPES.includes(_type)) throw new Refusal("statement.malformed", `the statement's type is ${_type}`);
  const hex = artifact.sha256.toString("hex");
  if (!subject.some(({ digest }) => digest["sha256"] === hex)) throw new Refusal("artifact.digest", "no subject of the statement has the artifact's SHA-256");
  return predicateType;
}
