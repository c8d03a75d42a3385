/** A statement about drafts: that the node made it, that it is in the log, and whose drafts of which gate it names. */
import { DraftStatement } from "../../proto/predicates/draft.ts";
import { DRAFT_PREDICATE } from "../../proto/predicates/draft-type.ts";
import type { VerifyReason } from "../../proto/verification.ts";
import { openSigned, resultOf, type Signed, type SignedOptions } from "./signed.ts";
import { pass, stop, type Step } from "./step.ts";
import { timestampSeconds } from "./time.ts";
import type { Trust } from "./trust.ts";

export type DraftVerification = ({ readonly result: "verified" } & Signed<DraftStatement>) | { readonly result: "failed" | "unknown_signer"; readonly reason: VerifyReason };

function useOf({ subject: [subject], predicate: { trust_domain, mode, at, repository, gate_id, attempt, drafts } }: DraftStatement): Step<{ readonly trust_domain: string; readonly mode: typeof mode; readonly repo_id: string; readonly issued_at_s: number; readonly predicate_type: string }> {
  if (subject?.name !== `${gate_id} attempt ${attempt}`) return stop("statement.malformed", "the subject is not the attempt that the drafts are about");
  const nameless = drafts.find(({ path, model, prompt }) => (path === "rules") !== (model === undefined) || (path === "rules") !== (prompt === undefined));
  if (nameless !== undefined) return stop("statement.malformed", `the draft of ${nameless.task} by ${nameless.path}: a model's has its model and its prompt, and the rules' has neither`);
  return pass({ trust_domain, mode, repo_id: repository, issued_at_s: timestampSeconds(at) ?? Number.NaN, predicate_type: DRAFT_PREDICATE });
}

/** Never throws on any input. */
export function verifyDraft(bytes: Uint8Array, trust: Trust, options: SignedOptions): DraftVerification {
  const opened = openSigned(bytes, DraftStatement, trust, options, useOf);
  return opened.ok ? { result: "verified", ...opened.value } : { result: resultOf(opened.reason), reason: opened.reason };
}
