/** What the checks of one gate found, kept beside its card for whoever writes SARIF, JUnit or annotations. */
import { Type, type Static } from "@sinclair/typebox";
import { Finding } from "./outcome.ts";
import { CheckName, Closed, Count } from "./scalar.ts";

/** As many results as code hosts take of one run. */
export const FINDINGS_MAX = 5_000;
/** Of all findings kept of one gate, as canonical JSON: they travel through the transaction that logs the gate. */
export const FINDINGS_BYTES_MAX = 3 * 1024 * 1024;

export const CheckFinding = Closed({ check: CheckName, finding: Finding });
export type CheckFinding = Static<typeof CheckFinding>;

export const KeptFindings = Closed({
  findings: Type.Array(CheckFinding, { maxItems: FINDINGS_MAX, description: "most severe first" }),
  cut: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: "how many more there were: beyond what a check may report, or beyond what is kept" }),
});
export type KeptFindings = Static<typeof KeptFindings>;

export const FindingsReply = Closed({ gate_id: Type.String(), attempt: Count, ...KeptFindings.properties });
export type FindingsReply = Static<typeof FindingsReply>;
