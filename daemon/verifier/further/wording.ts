import { BESIDE_PREDICATES, EVALUATION_PREDICATE, SVR_PREDICATE, TEST_RESULT_PREDICATE, VSA_PREDICATE } from "../../../proto/predicates/derived.ts";
import type { Verification } from "../../../proto/verification.ts";
import type { Trust } from "../trust.ts";

const NAMES: Readonly<Record<string, string>> = { [EVALUATION_PREDICATE]: "evaluation", [SVR_PREDICATE]: "svr", [TEST_RESULT_PREDICATE]: "test-result", [VSA_PREDICATE]: "vsa" };

/** A short name, also of the file that an attestation is written to. */
export const besideName = ({ predicate_type, of }: Pick<Verification["attestations"][number], "predicate_type" | "of">): string => `${NAMES[predicate_type] ?? "attestation"}${of === null ? "" : `-${of}`}`;

/** One short line for all of them; what each says is in the document, and follows from the verdict. */
export function besideText(attestations: Verification["attestations"]): string[] {
  if (attestations.length === 0) return [];
  const kinds = [...new Set(attestations.map(({ predicate_type }) => besideName({ predicate_type, of: null })))];
  return [`${attestations.length} ${attestations.length === 1 ? "attestation" : "attestations"} beside it, signed and logged: ${kinds.join(", ")}`];
}

/** Which of them some gate key of a trust file may not sign; its gates then go without. */
export function withheld({ entries }: Trust): string[] {
  const gates = Map.groupBy(entries.filter(({ entry }) => entry.role === "gate"), ({ entry }) => entry.fingerprint);
  const may = (lines: Trust["entries"], type: string): boolean => lines.some(({ entry }) => entry.predicate_types.includes(type));
  return [EVALUATION_PREDICATE, ...BESIDE_PREDICATES].filter((type) => [...gates.values()].some((lines) => !may(lines, type))).map((type) => NAMES[type] ?? type);
}

export const withheldText = (names: readonly string[]): string => `the trust file lets a gate key sign no ${names.join(", no ")}: its gates leave none`;
