/** What a verification says of the witnesses, in words. */
import type { WitnessVerification } from "../../proto/verification.ts";

/** Empty where the trust file names no witness. A trust file takes only names that need no escaping. */
export function witnessText(found: WitnessVerification | undefined): string[] {
  if (found === undefined) return [];
  const { quorum, of, names, oldest, pending } = found;
  const who = names.length === 0 ? "" : `: ${names.join(", ")}`;
  const asked = quorum === null ? `of ${of} witnesses that the trust file names, and it asks for none` : `of ${of} witnesses, ${quorum} asked for`;
  if (pending) return [`not proved: that the log shows everybody the same history; witness quorum pending (${names.length} ${asked})`];
  if (names.length === 0) return [`not proved: that the log shows everybody the same history (0 ${asked})`];
  return [`witnessed by ${names.length} ${asked}${who}; the first on ${oldest}`];
}
