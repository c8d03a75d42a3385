/** Which rules are about an event, and whether they hold: asked before the daemon writes, answers or acts. */
import { MaestroError } from "../../proto/errors.ts";
import { SEVERITY_DEFAULT, type InvariantDocument } from "../../proto/invariant.ts";
import { compileDocument, type Compiled } from "../invariants/document/build.ts";
import type { Clause } from "../invariants/document/clauses.ts";
import { givenValue } from "../invariants/document/examples.ts";
import type { Events } from "../invariants/document/fields.ts";

/** Money is whole micro-dollars, a duration whole milliseconds. */
export type Fields = Readonly<Record<string, unknown>>;

export interface Violation {
  readonly id: string;
  readonly severity: NonNullable<InvariantDocument["severity"]>;
  /** `false`: the rule was asked and does not hold. Else it could not be asked, which is no better. */
  readonly because: "false" | "missing" | "error";
  /** Shows declared fields alone, escaped; tainted ones never. */
  readonly message: string;
}

export interface GuardsOptions {
  readonly documents: readonly InvariantDocument[];
  readonly events: Events;
  /** Hears of each violation that stopped the daemon, once. */
  readonly violated?: (event: string, violation: Violation) => void;
  /** Hears of each event that some rule is about, once its guards let it pass. */
  readonly passed?: (event: string, fields: Fields) => void;
}

/** What the guards did since the start. */
export interface GuardCounts {
  readonly checks: number;
  readonly violations: ReadonlyMap<string, number>;
  /** Of what was done and stands. */
  readonly told: ReadonlyMap<string, number>;
}

/** Stands for a rule where an event that none is about could not be made out, or is none. */
const UNREADABLE = "guard.unreadable";
const NOTHING: readonly Compiled[] = [];

export class Guards {
  private readonly byEvent = new Map<string, InvariantDocument[]>();
  private readonly ready = new Map<string, readonly Compiled[]>();
  private readonly documents = new Map<string, InvariantDocument>();
  private readonly compiled = new Map<string, Compiled>();
  private readonly violations = new Map<string, number>();
  private readonly told = new Map<string, number>();
  private checks = 0;

  constructor(private readonly options: GuardsOptions) {
    for (const document of options.documents) {
      this.documents.set(document.id, document);
      for (const { event } of document.when) this.byEvent.set(event, [...(this.byEvent.get(event) ?? []), document]);
    }
  }

  get counts(): GuardCounts {
    return { checks: this.checks, violations: this.violations, told: this.told };
  }

  /** Rules with conditions on events in time. */
  get temporal(): readonly InvariantDocument[] {
    return [...this.documents.values()].filter(({ temporal }) => temporal?.some(({ only }) => only !== "model") === true);
  }

  get ids(): readonly string[] {
    return [...this.documents.keys()];
  }

  get events(): Events {
    return this.options.events;
  }

  /** Fields as somebody writes them, as rules compute with them; what is not declared stays as it is. */
  given(event: string, fields: Fields): Fields {
    const declared = this.options.events.of(event);
    if (declared === null) return fields;
    return Object.fromEntries(Object.entries(fields).map(([name, value]) => {
      const field = declared.get(name);
      return [name, field === undefined ? value : givenValue(value, field.type)];
    }));
  }

  /** Whether any rule is about that event. */
  live(event: string): boolean {
    return this.byEvent.has(event);
  }

  /** The rules about an event; empty where there are none. */
  of(event: string): readonly Compiled[] {
    const ready = this.ready.get(event);
    if (ready !== undefined) return ready;
    const documents = this.byEvent.get(event);
    if (documents === undefined) return NOTHING;
    const compiled = documents.map(({ id }) => this.byId(id)!);
    this.ready.set(event, compiled);
    return compiled;
  }

  /** Compiled when it is first asked for: a start that asks nothing pays nothing. Throws `internal.bug` for a document that is not whole, which nobody loads. */
  byId(id: string): Compiled | null {
    const known = this.compiled.get(id);
    if (known !== undefined) return known;
    const document = this.documents.get(id);
    if (document === undefined) return null;
    const result = compileDocument(document, this.options.events);
    if ("errors" in result) throw new MaestroError("internal.bug", `invariant ${id}: ${result.errors[0]?.message ?? "not whole"}`);
    this.compiled.set(id, result.ok);
    return result.ok;
  }

  /** Every rule of `event` that does not hold. Of an action, `fields` is what is after it and `old` what was before. */
  judge(event: string, fields: Fields, old?: Fields): readonly Violation[] {
    return this.of(event).flatMap((one) => violationsOf(one, fields, old));
  }

  /** Throws `invariant.violated`, with the words of the first rule that does not hold. What a guard throws itself is a violation too. */
  readonly check = (event: string, fields: Fields, old?: Fields): void => {
    const rules = this.of(event);
    // Whoever tells an event that nobody declared is asked nothing, and would go on so for ever.
    if (rules.length === 0 && this.options.events.of(event) === null) throw this.violation(event, { id: UNREADABLE, severity: "critical", because: "error", message: `${event} is declared nowhere, so no rule can be about it` });
    for (const one of rules) {
      this.checks += 1;
      const [first] = violationsOf(one, fields, old);
      if (first !== undefined) throw this.violation(event, first);
    }
    this.options.passed?.(event, fields);
  };

  /** As `check`, of fields that have to be made out first. Where they cannot, nobody can say that the rules hold. */
  checkRead(event: string, read: () => { readonly fields: Fields; readonly old?: Fields }): void {
    let found;
    try {
      found = read();
    } catch (error) {
      const [rule] = this.byEvent.get(event) ?? [];
      throw this.violation(event, { id: rule?.id ?? UNREADABLE, severity: "critical", because: "error", message: `${event} could not be made out, so no rule could be asked` }, error);
    }
    this.check(event, found.fields, found.old);
  }

  /** Of what is done and stands: what does not hold is counted and handed back, and stops nothing. */
  tell(event: string, fields: Fields): readonly Violation[] {
    const found = this.judge(event, fields);
    this.checks += this.of(event).length;
    for (const { id } of found) this.told.set(id, (this.told.get(id) ?? 0) + 1);
    this.options.passed?.(event, fields);
    return found;
  }

  private violation(event: string, violation: Violation, cause?: unknown): MaestroError {
    this.violations.set(violation.id, (this.violations.get(violation.id) ?? 0) + 1);
    this.options.violated?.(event, violation);
    return new MaestroError("invariant.violated", `${violation.id}: ${violation.message}`, cause === undefined ? undefined : { cause });
  }
}

function judged(clause: Clause, fields: Fields, old: Fields | undefined): ReturnType<Clause["check"]> {
  try {
    return old === undefined ? clause.check(fields) : clause.check(fields, { old });
  } catch {
    // Only a bug of the engine or a hostile object comes here; either way nobody can say that the rule holds.
    return { ok: false, because: "error", message: "the rule could not be asked", detail: "" };
  }
}

/** `assert` of the event itself, `pre` of what was before the action, `post` of what is after it. */
export function violationsOf({ id, document: { severity = SEVERITY_DEFAULT }, assert, pre, post }: Compiled, fields: Fields, old: Fields | undefined): readonly Violation[] {
  let found: Violation[] | null = null;
  const ask = (clause: Clause, event: Fields, before: Fields | undefined): void => {
    const answer = judged(clause, event, before);
    if (!answer.ok) (found ??= []).push({ id, severity, because: answer.because, message: answer.message });
  };
  for (const clause of assert) ask(clause, fields, undefined);
  for (const clause of pre) ask(clause, old ?? fields, undefined);
  for (const clause of post) ask(clause, fields, old);
  return found ?? [];
}
