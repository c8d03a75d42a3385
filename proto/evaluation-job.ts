/** What is asked of a check process about candidates. Apart from evaluation.ts, and with its parts as texts: this is read at every start. */
import { Type, type Static } from "@sinclair/typebox";
import { Base64, Closed, Count, Sha256Hex, ShortText } from "./scalar.ts";

/** Of the host's configuration, as JSON. */
const Router = Type.String();
/** Rows of a log that the core wrote out. */
const Rows = { router: Router, rows_path: Type.String(), rows_sha256: Sha256Hex };
const Refused = Closed({ problem: ShortText });

/** Whether a document is a policy of this router, and which: nothing of it is read in the core. */
export const CandidateJob = Closed({ kind: Type.Literal("candidate"), router: Router, candidate: Base64 });
export type CandidateJob = Static<typeof CandidateJob>;
export const CandidateReply = Closed({ kind: Type.Literal("candidate"), read: Type.Union([Closed({ sha256: Sha256Hex }), Refused]) });
export type CandidateReply = Static<typeof CandidateReply>;

export const EvaluationJob = Closed({ kind: Type.Literal("evaluation"), ...Rows, candidate: Base64, tried: Count, left_out: Count, fresh_ms: Type.Optional(Count) });
export type EvaluationJob = Static<typeof EvaluationJob>;
/** `reply` is an `EvaluationReply` as JSON, which whoever asked checks. */
export const EvaluationJobReply = Closed({ kind: Type.Literal("evaluation"), said: Type.Union([Closed({ reply: Type.String() }), Refused]) });
export type EvaluationJobReply = Static<typeof EvaluationJobReply>;

/** `asked` is a `FitRequest` as JSON, with nothing left out but buckets. */
export const FitJob = Closed({ kind: Type.Literal("fit"), ...Rows, asked: Type.String() });
export type FitJob = Static<typeof FitJob>;
/** `reply` is a `FitReply` as JSON. */
export const FitJobReply = Closed({ kind: Type.Literal("fit"), said: Type.Union([Closed({ reply: Type.String() }), Refused]) });
export type FitJobReply = Static<typeof FitJobReply>;
