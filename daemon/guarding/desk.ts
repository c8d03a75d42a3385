/** Answers whoever asks the guards about an event of their own: an agent before it acts, a job before it goes on. */
import { MaestroError } from "../../proto/errors.ts";
import type { GuardAnswer, GuardQuestion, GuardReply } from "../../proto/guard.ts";
import { nearest } from "../../proto/suggest.ts";
import { givenValue } from "../invariants/document/examples.ts";
import type { Compiled } from "../invariants/document/build.ts";
import type { Fields as Declared } from "../invariants/types/scope.ts";
import { type Fields, type Guards, violationsOf } from "./guards.ts";

const SHOWN_MAX = 64;
const QUESTIONS_A_TURN = 16;
const orNearest = (name: string, known: readonly string[]): string => {
  const near = nearest(name, known);
  return near === null ? "" : `; did you mean ${near}?`;
};

export class GuardDesk {
  /** Questions since the start, by whether every rule held. */
  readonly counts = { held: 0, violated: 0 };

  constructor(private readonly guards: Guards) {}

  /** Others have their turn in between: a rule of the operator's may take a few milliseconds for each question. Throws `request.malformed` and `request.not_found`, naming the question. */
  async ask(questions: readonly GuardQuestion[]): Promise<GuardReply> {
    const answers: GuardAnswer[] = [];
    for (const [i, question] of questions.entries()) {
      if (i > 0 && i % QUESTIONS_A_TURN === 0) await new Promise<void>((resolve) => setImmediate(resolve));
      answers.push(this.answer(question, `questions[${i}]`));
    }
    return { ok: answers.every(({ ok }) => ok), answers };
  }

  private answer(question: GuardQuestion, where: string): GuardAnswer {
    const { rules, declared } = this.about(question, where);
    const fields = given(question.with, declared, `${where}.with`);
    const old = question.old === undefined ? undefined : given(question.old, declared, `${where}.old`);
    const violations = rules.flatMap((rule) => violationsOf(rule, fields, old));
    this.counts[violations.length === 0 ? "held" : "violated"] += 1;
    return { ok: violations.length === 0, rules: rules.map(({ id }) => id), violations: [...violations] };
  }

  private about({ event, invariant }: GuardQuestion, where: string): { readonly rules: readonly Compiled[]; readonly declared: Declared } {
    if ((event === undefined) === (invariant === undefined)) throw new MaestroError("request.malformed", `${where}: name an event or an invariant, one of them`);
    if (invariant !== undefined) {
      const rule = this.guards.byId(invariant);
      if (rule === null) throw new MaestroError("request.not_found", `${where}: there is no invariant ${invariant}${orNearest(invariant, this.guards.ids)}`);
      if (rule.assert.length + rule.pre.length + rule.post.length === 0) throw new MaestroError("request.malformed", `${where}: ${invariant} is about events in time; send them to POST /v1/events`);
      return { rules: [rule], declared: rule.fields };
    }
    const name = event ?? "";
    const declared = this.guards.events.of(name);
    if (declared === null) throw new MaestroError("request.not_found", `${where}: there is no event ${name}${orNearest(name, this.guards.events.names)}`);
    return { rules: this.guards.of(name).filter(({ assert, pre, post }) => assert.length + pre.length + post.length > 0), declared };
  }
}

/** As the engine computes with them. A field nobody declared is a mistake: the rule it was meant for would find nothing. */
function given(fields: Fields, declared: Declared, where: string): Fields {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => {
    const field = declared.get(name);
    if (field === undefined) throw new MaestroError("request.malformed", `${where}: there is no field ${name.slice(0, SHOWN_MAX)}${orNearest(name, [...declared.keys()])}`);
    return [name, givenValue(value, field.type)];
  }));
}
