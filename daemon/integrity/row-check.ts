/** A gate's row against its signed bundle: the row is what questions are answered from, and only the bundle can be checked. */
import { Statement } from "../../proto/attestation.ts";
import { Bundle } from "../../proto/bundle.ts";
import { canonicalText, parseCanonical } from "../../proto/canonical.ts";
import { fromBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import type { GateRow } from "../store/gates.ts";
import { BUNDLE_LIMITS, STATEMENT_LIMITS } from "../verifier/limits.ts";

/** What the signed statement and its place in the log say of a gate, by the row's own names. */
export type Said = Pick<GateRow, "gate_id" | "attempt" | "verdict" | "repo_id" | "head" | "log_index">;

const isBundle = lazyCheck(Bundle);
const isStatement = lazyCheck(Statement);

export const saidOf = ({ predicate: { gate_id, attempt, verdict, identity: { repo_id, head } } }: Statement, log_index: number): Said => ({ gate_id, attempt, verdict, repo_id, head, log_index });

function parsed(bytes: Uint8Array, limits: { bytes_max: number; depth_max: number }): unknown {
  try {
    return parseCanonical(bytes, limits);
  } catch (error) {
    if (error instanceof MaestroError) return null;
    throw error;
  }
}

/** What a bundle says, whoever signed it; `null` for what is none. Its digest says that it is the one the row names. */
export function saidIn(bytes: Uint8Array): Said | null {
  const bundle = parsed(bytes, BUNDLE_LIMITS);
  const [first] = isBundle().Check(bundle) ? bundle.attestations : [];
  const payload = first === undefined ? null : fromBase64(first.dsseEnvelope.payload);
  const statement = payload === null ? null : parsed(payload, STATEMENT_LIMITS);
  return first === undefined || !isStatement().Check(statement) ? null : saidOf(statement, Number(first.verificationMaterial.tlogEntries[0]?.logIndex ?? Number.NaN));
}

/** In words, one for each field in which they differ. Pure. */
export function contradictions(row: GateRow, said: Said): string[] {
  const text = (value: unknown): string => (typeof value === "string" ? value : canonicalText(value));
  return Object.entries(said).flatMap(([name, value]) => {
    const own = row[name as keyof Said];
    return text(own) === text(value) ? [] : [`${name} is ${text(own)} in the row, ${text(value)} in its signed bundle`];
  });
}
