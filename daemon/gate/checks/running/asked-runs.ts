/** What a check has run for it, from inside its process: answers that came along, and what is still to be asked. */
import { canonicalText } from "../../../../proto/canonical.ts";
import type { ModelAsk, RunAnswer } from "../../../../proto/formal.ts";
import type { Runs } from "../check.ts";

export class AskedRuns implements Runs {
  private readonly answers: ReadonlyMap<string, RunAnswer>;
  private readonly missing = new Map<string, ModelAsk>();

  constructor(answers: readonly RunAnswer[]) {
    this.answers = new Map(answers.map((answer) => [answer.id, answer]));
  }

  model(ask: Omit<ModelAsk, "id">): RunAnswer | null {
    const id = Bun.SHA256.hash(canonicalText(ask), "hex");
    const answer = this.answers.get(id) ?? null;
    if (answer === null) this.missing.set(id, { id, ...ask });
    return answer;
  }

  get asks(): readonly ModelAsk[] {
    return [...this.missing.values()];
  }
}
