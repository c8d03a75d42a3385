/** What a code host is told of a verdict: from signed words alone, rule names and never text of the change. Pure. */
import type { Statement } from "../../proto/attestation.ts";
import { STATUS_DESCRIPTION_CHARACTERS_MAX, type StatusState } from "../../proto/status.ts";

export interface Words {
  readonly state: StatusState;
  readonly description: string;
}

/** Reasons that say: nobody could tell. */
const UNANSWERED: ReadonlySet<string> = new Set(["gate.check-unavailable", "gate.check-missing", "gate.policy-unavailable", "gate.nothing-checked", "gate.check-claimed"]);
const RULES_SHOWN_MAX = 4;

const fit = (text: string): string => (text.length <= STATUS_DESCRIPTION_CHARACTERS_MAX ? text : `${text.slice(0, STATUS_DESCRIPTION_CHARACTERS_MAX - 3)}...`);

function rulesOf(reasons: readonly { readonly rule: string }[]): string {
  const rules = [...new Set(reasons.map(({ rule }) => rule))];
  return rules.length <= RULES_SHOWN_MAX ? rules.join(", ") : `${rules.slice(0, RULES_SHOWN_MAX).join(", ")} and ${rules.length - RULES_SHOWN_MAX} more`;
}

/** An admit that has ended is no success any more, whenever it is published. */
export function wordsFor({ predicate }: Pick<Statement, "predicate">, lapsed: boolean): Words {
  const { verdict, attempt, reasons } = predicate;
  const deciding = reasons.filter(({ effect, observed }) => !observed && effect === verdict);
  const which = `attempt ${attempt.attempt}`;
  if (verdict === "admit") {
    if (lapsed) return { state: "pending", description: fit(`the admit of ${which} has ended; gate it again`) };
    return { state: "success", description: fit(`admitted, ${which}, until ${attempt.valid_until}`) };
  }
  if (verdict === "refuse") return { state: "failure", description: fit(`refused, ${which}: ${rulesOf(deciding)}`) };
  const unanswered = deciding.filter(({ rule }) => UNANSWERED.has(rule));
  if (unanswered.length > 0) return { state: "error", description: fit(`held, ${which}: required answers are missing (${rulesOf(unanswered)})`) };
  return { state: "pending", description: fit(`held for a person, ${which}: ${rulesOf(deciding)}`) };
}
