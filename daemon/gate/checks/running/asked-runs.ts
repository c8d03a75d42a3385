/** What a check has run for it, from inside its process: answers that came along, and what is still to be asked. */
import { canonicalText } from "../../../../proto/canonical.ts";
import type { ModelAsk, ModelRun, PropertyAsk, PropertyRun, RunAnswer, RunAsk } from "../../../../proto/formal.ts";
import type { EvaluationAsk, EvaluationRun } from "../../../../proto/learned.ts";
import type { Runs } from "../check.ts";

const idOf = (ask: unknown): string => Bun.SHA256.hash(canonicalText(ask), "hex");

export class AskedRuns implements Runs {
  private readonly answers: ReadonlyMap<string, RunAnswer>;
  private readonly missing = new Map<string, RunAsk>();

  constructor(answers: readonly RunAnswer[]) {
    this.answers = new Map(answers.map((answer) => [answer.id, answer]));
  }

  private known(ask: RunAsk): RunAnswer | null {
    const answer = this.answers.get(ask.id) ?? null;
    if (answer === null) this.missing.set(ask.id, ask);
    return answer;
  }

  model(ask: Omit<ModelAsk, "id">): ModelRun | null {
    const answer = this.known({ id: idOf(ask), ...ask });
    return answer !== null && "outcome" in answer ? answer : null;
  }

  property(ask: Omit<PropertyAsk, "id">): PropertyRun | null {
    const answer = this.known({ id: idOf(ask), ...ask });
    return answer !== null && "end" in answer ? answer : null;
  }

  evaluation(ask: Omit<EvaluationAsk, "id">): EvaluationRun | null {
    const answer = this.known({ id: idOf(ask), ...ask });
    return answer !== null && "report" in answer ? answer : null;
  }

  get asks(): readonly RunAsk[] {
    return [...this.missing.values()];
  }
}
